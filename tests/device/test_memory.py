"""Where the memory of the device ends, search and postprocessing go on with less at once, and give the same."""

from __future__ import annotations

import gzip
import json
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import torch
from scipy.sparse import csr_array

import toys
from device.simulator import simulated
from device.simulator.state import DEVICE
from sparsebench.leaderboard import Board
from sparsebench.progress import Silent
from sparsebench.records import SuiteFolder
from sparsebench.runner import Runner
from sparsebench.search import SparseScores
from sparsebench.search.resident import ResidentIndex
from sparsebench.store import Store
from sparsebench.types import Ranking

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


def run(place: Path, suite: Path, device: str = "cuda") -> Board:
    store = Store(place / "store")
    return Runner(store, place / "runs", Silent()).run(toys.plan_suite(suite, store, devices=("cpu", device)))


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


def test_a_card_that_is_lost_while_encoding_leaves_the_shards_that_were_written(
    tmp_path: Path, suite: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    encoded: list[int] = []
    encode = toys.LoadedWords.encode

    def counted(self: toys.LoadedWords, texts: list[str], role: str) -> object:
        if role == "document":
            encoded.append(len(texts))
        return encode(self, texts, role)

    def lost(self: toys.LoadedWords, texts: list[str], role: str) -> object:
        if role == "document" and encoded:
            raise RuntimeError("CUDA error: an illegal memory access was encountered")
        return counted(self, texts, role)

    monkeypatch.setattr("sparsebench.encoding.stored.SHARD_DOCUMENTS", 1000)
    monkeypatch.setattr(toys.LoadedWords, "encode", lost)
    with simulated():
        board = run(tmp_path, suite)
    assert {record.status for record in board.records} == {"failed"}
    assert all("the GPU was lost in mid-run (CUDA error: an illegal" in str(record.error) for record in board.records)
    monkeypatch.setattr(toys.LoadedWords, "encode", counted)
    with simulated():
        assert not run(tmp_path, suite).failures
    assert sum(encoded) == 3004, "no document was encoded twice"


def test_a_card_that_another_process_fills_in_mid_run_gives_the_same_runs(
    tmp_path: Path, suite: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with simulated() as counts:
        alone = run(tmp_path / "alone", suite)
        needed = counts.peak
    scores, seen = SparseScores.scores, []

    def beside_another(self: SparseScores, columns: slice) -> torch.Tensor:
        seen.append(columns)
        DEVICE.limit = needed // 3  # what the other one took is not ours to have
        return scores(self, columns)

    with simulated(memory=2**40), monkeypatch.context() as shared:
        shared.setattr(SparseScores, "scores", beside_another)
        crowded = run(tmp_path / "crowded", suite)
    assert len(seen) > 1
    assert not crowded.failures
    assert runs(tmp_path / "crowded", crowded) == runs(tmp_path / "alone", alone)


BESIDE = """
import json, sys, time
from pathlib import Path
from device.simulator import simulated
from device.simulator.card import Card
from device.simulator.state import DEVICE
from device.test_memory import run, runs
from sparsebench.search import SparseScores

place, suite, memory, seat = Path(sys.argv[1]), Path(sys.argv[2]), int(sys.argv[3]), int(sys.argv[4])
scores = SparseScores.scores

def together(self, columns):
    # Both have an index on the card before either goes on.
    (place.parent / f"here-{seat}").touch()
    for _ in range(3000):
        if (place.parent / f"here-{1 - seat}").exists():
            break
        time.sleep(0.02)
    return scores(self, columns)

SparseScores.scores = together
with simulated(memory=memory):
    DEVICE.card = Card(place.parent / "card", seat)
    board = run(place, suite)
    print(json.dumps([runs(place, board), [record.error for record in board.records], DEVICE.card.seen]))
"""


def test_two_processes_on_one_card_and_one_store_give_the_runs_of_one(
    tmp_path: Path, suite: Path, repository: Path
) -> None:
    with simulated() as counts:
        alone = run(tmp_path / "alone", suite)
        needed = counts.peak
    (tmp_path / "store").mkdir()
    env, children = {**os.environ, "PYTHONPATH": str(repository / "tests")}, []
    for seat in (0, 1):
        place = tmp_path / f"process-{seat}"
        place.mkdir()
        (place / "store").symlink_to(tmp_path / "store")
        words = [sys.executable, "-c", BESIDE, str(place), str(suite), str(needed * 3 // 2), str(seat)]
        children.append(subprocess.Popen(words, env=env, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True))
    for child in children:
        out, told = child.communicate(timeout=120)
        assert child.returncode == 0, told[-2000:]
        found, errors, seen = json.loads(out.splitlines()[-1])
        assert errors == [None] * 3
        assert [[tuple(line) for line in cell] for cell in found] == runs(tmp_path / "alone", alone)
        assert seen > 0, "the other one held memory of the same card"


def test_wackiness_searches_by_the_index_on_the_device(
    tmp_path: Path, suite: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    searched: list[int] = []
    top = ResidentIndex.top

    def counted(self: ResidentIndex, queries: csr_array, *args: object) -> Ranking:
        searched.append(queries.shape[0])
        return top(self, queries, *args)

    monkeypatch.setattr(ResidentIndex, "top", counted)
    cells = "models: [words]\nanalyzers: [{name: wackiness, scoring_queries: pseudo}]\n"
    suite.write_text(suite.read_text().partition("\nmodels:")[0] + "\n" + cells)
    with simulated():
        there = run(tmp_path / "cuda", suite)
    assert not there.failures
    assert sum(searched) > 1000, "more queries than the collection has"
    searched.clear()
    here = run(tmp_path / "cpu", suite, "cpu")
    assert not searched
    found = [dict(board.records[0].analyses_by("wackiness")["wackiness"]) for board in (there, here)]
    assert found[0]["scoring_queries"]["n"] > 1000
    assert found[0]["files"] == found[1]["files"], "scores of tokens and curves"


def test_the_record_has_the_card_and_its_peak(tmp_path: Path, suite: Path) -> None:
    with simulated():
        record = run(tmp_path, suite).records[1]
    gpu = record.costs.hardware.gpu
    assert (gpu["name"], gpu["capability"], gpu["float32_products"]) == ("simulated accelerator", "9.0", "float32")
    assert record.costs.peak_gpu_memory_mib["rank"] >= 0
    assert record.provenance.search_device == "cuda"
