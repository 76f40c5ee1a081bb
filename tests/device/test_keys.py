"""A device is in the key of what it computes, and in no other."""

from __future__ import annotations

from pathlib import Path

import pytest

import toys
from sparsebench.planning import Plan, missing_documents
from sparsebench.planning.estimate import estimate_seconds
from sparsebench.progress import Silent
from sparsebench.runner import Runner
from sparsebench.store import Store
from sparsebench_plugins import models
from sparsebench_plugins.models.bm25 import Bm25
from sparsebench_plugins.models.splade import Splade

DEVICES = [("cpu", "cpu"), ("cuda", "cuda"), ("cuda:1", "cuda:1"), ("cuda", "cpu"), ("cpu", "cuda")]


@pytest.fixture
def plans(tmp_path: Path) -> list[Plan]:
    """Of `words` (an encoder) and bm25, with each pair of DEVICES."""
    suite = toys.write_suite(
        tmp_path / "toy.yaml", toys.write_collection(tmp_path / "fruit"), "models: [words, bm25]\n"
    )
    store, found = Store(tmp_path / "store"), toys.registry(models)
    return [toys.plan_suite(suite, store, found, devices) for devices in DEVICES]


def test_vectors_of_an_encoder_are_named_by_the_kind_of_device_that_encodes(plans: list[Plan]) -> None:
    on_cpu, on_gpu, on_second, searched_on_cpu, searched_on_gpu = (plan.groups[0].identities for plan in plans)
    assert on_cpu != on_gpu == on_second
    assert searched_on_cpu == on_gpu, "encoded on the GPU, searched wherever"
    assert searched_on_gpu == on_cpu


def test_vectors_that_the_cpu_makes_are_the_same_whatever_the_device(plans: list[Plan]) -> None:
    first, *others = (plan.groups[1].identities for plan in plans)
    assert all(other == first for other in others)
    assert Bm25().computed_by("document", "cuda") == {}


def test_a_run_is_named_by_what_ranked_it(plans: list[Plan]) -> None:
    bm25 = [plan.groups[1].cells[0].key for plan in plans]
    assert bm25[0] == bm25[3] != bm25[1] == bm25[2] == bm25[4]


def test_the_engine_of_a_cpu_names_no_vectors_of_a_gpu(monkeypatch: pytest.MonkeyPatch) -> None:
    splade, found = Splade(checkpoint="package:cognition/model"), {}
    for flags in ("avx512_vnni", "amx_bf16", ""):
        monkeypatch.setattr("sparsebench.encoding.engines._cpu_flags", lambda flags=flags: frozenset([flags]))
        found[flags] = splade.computed_by("document", "cpu"), splade.computed_by("document", "cuda:1")
    on_cpu, on_gpu = zip(*found.values(), strict=True)
    assert len({each["engine"] for each in on_cpu}) == 3
    assert all(each == on_gpu[0] for each in on_gpu)


def test_an_estimate_learns_from_the_same_kind_of_device_alone(tmp_path: Path) -> None:
    collection, store = toys.write_collection(tmp_path / "fruit"), Store(tmp_path / "store")
    suite = toys.write_suite(tmp_path / "toy.yaml", collection)
    plan = toys.plan_suite(suite, store)
    Runner(store, tmp_path / "runs", Silent()).run(plan)
    gpu = toys.plan_suite(suite, store, devices=("cuda", "cuda"))
    assert missing_documents(gpu.groups[0], store) == 4
    assert estimate_seconds(plan.groups[0], 4, store) is not None
    assert estimate_seconds(gpu.groups[0], 4, store) is None
