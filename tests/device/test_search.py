"""Search on the device: the index goes there once, and what comes back is the ranking."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.sparse import csr_array, random_array

from device.simulator import simulated
from sparsebench.rank import tie_order
from sparsebench.search import LazyIndex, MatrixScores, SparseScores

QUERIES, DOCUMENTS, K = 30, 4000, 20


def vectors(rows: int, seed: int, density: float) -> csr_array:
    chance = np.random.default_rng(seed)
    found = random_array((rows, 3000), density=density, format="csr", rng=chance, dtype=np.float32)
    found.sort_indices()
    return found


@pytest.fixture(scope="module")
def queries() -> csr_array:
    return vectors(QUERIES, 1, 0.01)


@pytest.fixture(scope="module")
def documents() -> csr_array:
    return vectors(DOCUMENTS, 2, 0.05)


ORDER = tie_order(np.array([f"{n * 7919 % DOCUMENTS:05}".encode() for n in range(DOCUMENTS)]))


def test_the_index_is_uploaded_once_and_only_the_ranking_comes_back(queries, documents) -> None:
    with simulated() as counts:
        index = LazyIndex(documents)
        scores = SparseScores(queries, documents, device="cuda", block=1024, index=index)
        expected = scores.top(K, ORDER)
        assert counts["upload_bytes"] < 9 * documents.nnz + 8 * (2 * DOCUMENTS + 2) + 2**20
        counts.clear()
        found = scores.top(K, ORDER)
        assert counts["upload_bytes"] < documents.nnz, "of the queries alone"
        assert counts["download_bytes"] <= 8 * QUERIES * K
        assert counts["downloads"] == 1
        assert counts["waits"] <= 9, "for seven small uploads, whether the margin is enough, and the ranking"
    assert np.array_equal(found.documents, expected.documents)


def test_rankings_are_those_of_the_cpu(queries, documents) -> None:
    expected = SparseScores(queries, documents).top(K, ORDER)
    with simulated():
        found = SparseScores(queries, documents, device="cuda").top(K, ORDER)
    assert found.documents.tobytes() == expected.documents.tobytes()
    assert found.scores.tobytes() == expected.scores.tobytes()


def test_passes_over_scores_upload_no_posting_again_and_bring_no_block_back(queries, documents) -> None:
    with simulated() as counts:
        scores = SparseScores(queries, documents, device="cuda", block=1000)
        list(scores)
        counts.clear()
        blocks = sum(1 for _ in scores)
        assert counts["upload_bytes"] < documents.nnz
        assert counts["download_bytes"] < 1000 * blocks, "how long rounds are, and whether all is finite"
        assert counts["bytes"] / (QUERIES * DOCUMENTS) < 700, "bytes of device memory a pair; 1,726 before"


def test_a_given_matrix_is_ranked_there_and_only_what_can_rank_comes_back() -> None:
    matrix = np.random.default_rng(0).random((QUERIES, DOCUMENTS), dtype=np.float32)
    expected = MatrixScores(matrix).top(K, ORDER)
    with simulated() as counts:
        found = MatrixScores(matrix, device="cuda", block=1000).top(K, ORDER)
        assert counts["download_bytes"] < 4 * 2 * 20 * QUERIES * K
    assert np.array_equal(found.documents, expected.documents)
