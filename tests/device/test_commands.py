"""Commands as people type them, on `--device cuda` as simulated: the figures are those that are published."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from commands import sparsebench
from device.simulator import Counts, simulated
from sparsebench.contracts import Postprocessor
from sparsebench.device import describe
from sparsebench.search.shortlist import best_by_bounds
from sparsebench.types import Ranking

DOCUMENTS = "mini/science"
"""238 documents and 40 queries."""


@pytest.fixture
def counts() -> Iterator[Counts]:
    with simulated() as found:
        yield found


@pytest.fixture
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, repository: Path, tiny_splade_dir: Path) -> Path:
    """An empty working folder with the published boards; the tiny SPLADE is at hand."""
    (tmp_path / "leaderboards").symlink_to(repository / "leaderboards")
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("SPARSEBENCH_STORE", str(tmp_path / "store"))
    return tmp_path


@pytest.fixture
def driver(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """Where the kernel module names itself, as an open one does."""
    written = tmp_path / "version"
    written.write_text(
        "NVRM version: NVIDIA UNIX Open Kernel Module for x86_64  570.86.15  Release Build  (dvs-builder@U22)\n"
        "GCC version:  gcc version 12.3.0 (Ubuntu 12.3.0-1ubuntu1~22.04)\n"
    )
    monkeypatch.setattr("sparsebench.device.facts.DRIVER_VERSION", written)
    describe.cache_clear()
    yield written
    describe.cache_clear()


def cell_of(record: dict) -> tuple[str, ...]:
    return tuple(record["cell"][part]["label"] for part in ("collection", "model", "postprocessor"))


def gpus(place: Path) -> list[dict[str, Any]]:
    """What each record says of the GPU."""
    found = [json.loads(path.read_text()) for path in place.glob("runs/*/*/record.json")]
    return [record["costs"]["hardware"]["gpu"] for record in found]


def differences(place: Path) -> dict[str, float]:
    """Of each mean of this run from the published one."""
    lines = (place / "leaderboards/quickstart/records.jsonl").read_text().splitlines()
    published = {cell_of(record): record["measures"] for record in map(json.loads, lines)}
    ours = [json.loads(path.read_text()) for path in place.glob("runs/*/*/record.json")]
    assert ours, "there are records"
    assert all(record["status"] == "ok" for record in ours), [record["error"] for record in ours]
    return {
        f"{' '.join(cell_of(record))} {measure}": value - published[cell_of(record)][measure]
        for record in ours
        for measure, value in record["measures"].items()
    }


def test_the_quickstart_has_its_published_figures_and_its_records_name_the_driver(
    place: Path, counts: Counts, driver: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    words = ("--device", "cuda", "--set", "analyzers=[]")
    only = [word for name in ("none", "dsl", "sinkhorn") for word in ("--only", f"{DOCUMENTS}/splade-tiny/{name}")]
    short: dict[str, list[bool]] = {}

    def noted(method: Postprocessor, *given: Any, **named: Any) -> Ranking | None:
        found = best_by_bounds(method, *given, **named)
        short.setdefault(type(method).__name__, []).append(found is not None)
        return found

    monkeypatch.setattr("sparsebench.evaluate.ranking.best_by_bounds", noted)
    assert sparsebench(monkeypatch, "run", "quickstart", "--in-process", *words, *only) == 0
    found = differences(place)
    assert len(found) == 6
    assert max(map(abs, found.values())) < 5e-5, found
    assert counts["launches"] > 1000, "it ran there"
    assert short.keys() == {"Dsl", "Sinkhorn"}, "`none` is a search"
    for gpu in gpus(place):
        assert gpu["driver"] == "570.86.15"
        assert (gpu["name"], gpu["capability"]) == ("simulated accelerator", "9.0")
        assert gpu["float32_products"] == "float32"


@pytest.mark.slow
def test_the_whole_quickstart_has_its_published_figures(
    place: Path, counts: Counts, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    assert sparsebench(monkeypatch, "run", "quickstart", "--in-process", "--device", "cuda") == 0
    assert "reproduced 40 of 40 published figures" in capsys.readouterr().out


def test_vectors_of_the_device_are_explained_on_the_cpu_and_encoded_once(
    place: Path, counts: Counts, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    cell = f"{DOCUMENTS}/splade-tiny/none"
    only = ("--only", cell, "--set", "analyzers=[]")
    assert (
        sparsebench(
            monkeypatch, "run", "quickstart", "--in-process", "--device", "cuda", "--search-device", "cpu", *only
        )
        == 0
    )
    query = next(iter((place / "runs").glob("*/*/per_query.csv"))).read_text().splitlines()[1].partition(",")[0]
    kept = sorted((place / "store" / "vectors").iterdir())
    capsys.readouterr()
    for device in ("cpu", "cuda"):
        words = (
            "quickstart",
            cell,
            "--query",
            query,
            "--device",
            "cuda",
            "--search-device",
            device,
            "--set",
            "analyzers=[]",
        )
        assert sparsebench(monkeypatch, "explain", *words) == 0
    first, second = capsys.readouterr().out.split("original (")[1:]
    assert first.split("\n| ")[1:4] == second.split("\n| ")[1:4]
    assert sorted((place / "store" / "vectors").iterdir()) == kept


def test_noise_is_measured_and_names_what_only_cpus_have(
    place: Path, counts: Counts, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    words = ("quickstart", "--device", "cuda", "--only", f"{DOCUMENTS}/splade-tiny/none", "--set", "analyzers=[]")
    assert sparsebench(monkeypatch, "noise", *words, "--sample", "5") == 0
    (found,) = json.loads(next((place / "runs").glob("*/noise.json")).read_text())["groups"]
    tried = {change["variation"]: change for change in found["changes"]}
    assert {"engine=numba", "engine=exact_int8"} <= set(found["left_out"])
    assert {"engine=exact_bf16", "engine=exact_tf32", "dtype=tf32", "dtype=bfloat16"} <= set(tried)
    assert not any(name.startswith("threads=") for name in tried)
    assert (
        tried["engine=exact_bf16"]["weight"] < 1e-5 < tried["dtype=tf32"]["weight"] < tried["dtype=bfloat16"]["weight"]
    )
    assert not tried["dtype=bfloat16"]["counts"]


def test_the_doctor_describes_the_device(
    counts: Counts, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    monkeypatch.setenv("SPARSEBENCH_STORE", str(tmp_path / "store"))
    monkeypatch.setattr("sparsebench.device.choose.DRIVER", tmp_path)
    monkeypatch.setattr("importlib.metadata.version", lambda name: "2.13.0")
    sparsebench(monkeypatch, "doctor")
    told = capsys.readouterr().out
    assert "simulated accelerator" in told
    assert "capability: 9.0" in told
    assert "float32_products: float32" in told
    assert "2 GPUs are visible; a run uses one of them" in told
