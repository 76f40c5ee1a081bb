"""Where the memory of the device ends, search and postprocessing go on with less at once, and give the same."""

from __future__ import annotations

import gzip
import json
from pathlib import Path

import numpy as np
import pytest
import torch

import toys
from device.simulator import simulated
from sparsebench.leaderboard import Board
from sparsebench.progress import Silent
from sparsebench.records import SuiteFolder
from sparsebench.runner import Runner
from sparsebench.search import SparseScores
from sparsebench.store import Store

CELLS = """
models: [words]
postprocessors:
  - none
  - {name: sinkhorn, tau: 0.5}
  - {name: dsl, tau: 0.5}
"""


@pytest.fixture
def suite(tmp_path: Path) -> Path:
    """3,000 documents, in which `apple` and the other words are anywhere, and 20 queries."""
    folder, chance = toys.write_collection(tmp_path / "fruit"), np.random.default_rng(0)
    documents = {f"n{n}": " ".join(chance.choice(toys.WORDS, 1 + n % 7)) for n in range(3000)}
    lines = [json.dumps({"_id": name, "text": text}) + "\n" for name, text in documents.items()]
    with (folder / "corpus.jsonl").open("a") as corpus:
        corpus.writelines(lines)
    queries = {f"t{n}": " ".join(chance.choice(toys.WORDS, 2)) for n in range(20)}
    with (folder / "queries.jsonl").open("a") as out:
        out.writelines(json.dumps({"_id": name, "text": text}) + "\n" for name, text in queries.items())
    with (folder / "qrels" / "test.tsv").open("a") as out:
        out.writelines(f"{name}\tn{n}\t1\n" for n, name in enumerate(queries))
    return toys.write_suite(tmp_path / "toy.yaml", folder, CELLS)


def run(place: Path, suite: Path) -> Board:
    store = Store(place / "store")
    return Runner(store, place / "runs", Silent()).run(toys.plan_suite(suite, store, devices=("cpu", "cuda")))


def runs(place: Path, board: Board) -> list[list[tuple[str, float]]]:
    """Of each cell: query and document, and the score."""
    paths = [SuiteFolder(place / "runs/toy").run(record.key) for record in board.records]
    texts = [gzip.decompress(path.read_bytes()).decode() for path in paths]
    lines = [[line.split() for line in text.splitlines()] for text in texts]
    return [[(f"{words[0]} {words[2]}", float(words[4])) for words in cell] for cell in lines]


def test_a_small_card_gives_the_runs_of_a_large_one(tmp_path: Path, suite: Path) -> None:
    with simulated() as counts:
        large = run(tmp_path / "large", suite)
        needed = counts.peak
    with simulated(memory=needed // 3) as counts:
        small = run(tmp_path / "small", suite)
        assert counts.peak <= needed // 3
    assert [record.error for record in small.records] == [None] * 3
    assert runs(tmp_path / "small", small) == runs(tmp_path / "large", large)


def test_a_card_too_small_for_anything_fails_the_cell_with_what_to_do(tmp_path: Path, suite: Path) -> None:
    with simulated(memory=20_000):
        board = run(tmp_path, suite)
    assert {record.status for record in board.records} == {"failed"}
    assert all("--search-device cpu" in str(record.error) for record in board.records)


def test_a_card_that_is_lost_is_named_and_vectors_stand(
    tmp_path: Path, suite: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def lost(*_: object) -> torch.Tensor:
        raise RuntimeError("CUDA error: unspecified launch failure\nCUDA kernel errors might be reported later")

    with simulated(), monkeypatch.context() as broken:
        broken.setattr(SparseScores, "scores", lost)
        board = run(tmp_path, suite)
    failed = [record for record in board.records if record.status == "failed"]
    assert failed
    assert all("the GPU was lost" in str(record.error) for record in failed)
    loads = toys.Words.loads
    with simulated():
        again = run(tmp_path, suite)
    assert not again.failures
    assert toys.Words.loads == loads, "nothing was encoded again"


def test_the_record_has_the_card_and_its_peak(tmp_path: Path, suite: Path) -> None:
    with simulated():
        record = run(tmp_path, suite).records[1]
    gpu = record.costs.hardware.gpu
    assert (gpu["name"], gpu["capability"], gpu["float32_products"]) == ("simulated accelerator", "9.0", "float32")
    assert record.costs.peak_gpu_memory_mib["rank"] >= 0
    assert record.provenance.search_device == "cuda"
