"""The seam of search engines: one more is a module and a place in a table, and all that scores goes through it."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from scipy.sparse import csr_array

import toys
from sparsebench.evaluate.group import Evaluation
from sparsebench.evaluate.noise.again import Again
from sparsebench.progress import Silent
from sparsebench.provenance import Stopwatch
from sparsebench.rank import tie_order
from sparsebench.runner import Runner
from sparsebench.search import SparseScores, engines
from sparsebench.search.on_cpu import CpuEngine
from sparsebench.search.resident import ResidentIndex
from sparsebench.store import Store
from sparsebench.types import Ranking


class Loops:
    """An engine of this test: one product at a time, by ascending dimension."""

    engine = "loops"
    made = 0

    def __init__(self, documents: csr_array, device: str) -> None:
        self.documents = documents
        Loops.made += 1

    @staticmethod
    def serves(device: str) -> bool:
        return device == "cpu"

    def fill(self, queries: csr_array, columns: slice):
        import torch

        dense = self.documents[columns].toarray()
        scores = np.zeros((queries.shape[0], len(dense)), np.float32)
        for row in range(queries.shape[0]):
            entries = slice(queries.indptr[row], queries.indptr[row + 1])
            for term, weight in zip(queries.indices[entries], queries.data[entries], strict=True):
                scores[row] += weight * dense[:, term]
        return torch.from_numpy(scores)

    def top(self, queries: csr_array, k: int, order: np.ndarray, width: int) -> Ranking | None:
        return None


@pytest.fixture
def loops(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(engines, "ENGINES", (Loops, *engines.ENGINES))
    monkeypatch.setattr(Loops, "made", 0)


def vectors(rows: int, seed: int) -> csr_array:
    random = np.random.default_rng(seed)
    dense = random.random((rows, 50), np.float32) * (random.random((rows, 50)) < 0.2)
    return csr_array(dense.astype(np.float32))


@pytest.mark.parametrize("kind", [CpuEngine, ResidentIndex, Loops])
@pytest.mark.parametrize("columns", [slice(0, 30), slice(7, 19)])
def test_every_engine_gives_the_same_bytes(kind: type, columns: slice) -> None:
    queries, documents = vectors(6, 1), vectors(30, 2)
    found = kind(documents, "cpu").fill(queries, columns).numpy()
    assert found.tobytes() == Loops(documents, "cpu").fill(queries, columns).numpy().tobytes()


@pytest.mark.parametrize(("device", "kind"), [("cpu", CpuEngine), ("cuda", ResidentIndex), ("cuda:1", ResidentIndex)])
def test_every_device_has_an_engine(device: str, kind: type) -> None:
    assert next(engine for engine in engines.ENGINES if engine.serves(device)) is kind


@pytest.mark.usefixtures("loops")
def test_one_that_ranks_nothing_itself_has_its_blocks_ranked() -> None:
    queries, documents = vectors(6, 1), vectors(30, 2)
    order = tie_order(np.array([f"{number:02}".encode() for number in range(30)]))
    found = SparseScores(queries, documents, block=7).top(5, order)
    assert Loops.made == 1
    expected = ResidentIndex(documents, "cpu").top(queries, 5, order)
    assert found.documents.tolist() == expected.documents.tolist()


@pytest.mark.usefixtures("loops")
def test_records_noise_and_analyzers_go_through_it(tmp_path: Path) -> None:
    suite = toys.write_suite(
        tmp_path / "toy.yaml",
        toys.write_collection(tmp_path / "fruit"),
        "models: [words]\npostprocessors: [none, {name: dsl, tau: 1}]\n",
    )
    store = Store(tmp_path / "store")
    plan = toys.plan_suite(suite, store, toys.registry())
    records = Runner(store, tmp_path / "runs", Silent()).run(plan).records
    assert {record.provenance.model.search for record in records} == {"loops"}
    made = Loops.made
    Again(Evaluation(plan.groups[0], store, Silent(), Stopwatch()), sample=2)
    assert Loops.made == made + 1
