"""Scores of sparse vectors: exact, and the same bytes however they are computed."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.sparse import csr_array, random_array

from sparsebench import ScoreBlocks
from sparsebench.errors import ScoreError
from sparsebench.search import SparseScores, on_cpu
from sparsebench.search.on_cpu import product_by_scipy


def vectors(rows: int, seed: int, vocabulary: int = 40, density: float = 0.3) -> csr_array:
    generator = np.random.default_rng(seed)
    found = random_array((rows, vocabulary), density=density, format="csr", rng=generator, dtype=np.float64)
    found.sort_indices()
    return found.astype(np.float32)


def dense(blocks: ScoreBlocks) -> np.ndarray:
    return torch.cat([block.scores for block in blocks], dim=1).cpu().numpy()


def summed_in_order(queries: csr_array, documents: csr_array) -> np.ndarray:
    """float32 sums by ascending dimension, one number at a time."""
    scores = np.zeros((queries.shape[0], documents.shape[0]), dtype=np.float32)
    for term in range(queries.shape[1]):
        scores += queries[:, [term]].toarray() * documents[:, [term]].toarray().T
    return scores


def test_scores_are_dot_products() -> None:
    queries = csr_array(np.array([[1, 0, 2], [0, 3, 0]], dtype=np.float32))
    documents = csr_array(np.array([[4, 0, 0], [0, 1, 1], [1, 1, 1], [0, 0, 0]], dtype=np.float32))
    blocks = SparseScores(queries, documents, block=3)
    assert [block.columns for block in blocks] == [slice(0, 3), slice(3, 4)]
    assert dense(blocks).tolist() == [[4, 2, 3, 0], [0, 3, 3, 0]]
    assert blocks.shape == (2, 4)
    assert blocks.floor == 0


@settings(deadline=None, max_examples=30)
@given(block=st.integers(1, 60), tile=st.integers(1, 60), start=st.integers(0, 6), seed=st.integers(0, 5))
def test_neither_block_nor_tile_nor_other_queries_change_a_byte(block: int, tile: int, start: int, seed: int) -> None:
    queries, documents = vectors(7, seed), vectors(50, seed + 100)
    expected = dense(SparseScores(queries, documents, block=50))
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(on_cpu, "TILE", tile)
        blocks = SparseScores(queries, documents, block=block)
        assert dense(blocks).tobytes() == expected.tobytes()
        assert dense(blocks).tobytes() == expected.tobytes(), "a second pass differs"
        assert dense(blocks.rows(start, start + 2)).tobytes() == expected[start : start + 2].tobytes()


def test_the_product_sums_by_ascending_dimension() -> None:
    queries, documents = vectors(20, 1), vectors(30, 2)
    exact = queries.astype(np.float64) @ documents.astype(np.float64).T
    found = product_by_scipy(queries, documents).numpy()
    np.testing.assert_allclose(found, summed_in_order(queries, documents), rtol=5e-7)
    np.testing.assert_allclose(found, exact.toarray(), rtol=1e-5)


def test_empty_queries_and_documents_score_0() -> None:
    queries, documents = vectors(3, 1), vectors(4, 2)
    nothing = csr_array((3, 40), dtype=np.float32)
    assert product_by_scipy(nothing, documents).tolist() == [[0.0] * 4] * 3
    assert product_by_scipy(queries, csr_array((4, 40), dtype=np.float32)).tolist() == [[0.0] * 4] * 3


def test_queries_without_any_term_score_0_everywhere() -> None:
    assert not dense(SparseScores(csr_array((2, 40), dtype=np.float32), vectors(5, 1))).any()


def test_a_broken_weight_is_an_error_that_names_the_query_in_the_whole() -> None:
    queries = vectors(6, 1)
    queries.data[queries.indptr[4]] = np.nan
    blocks = SparseScores(queries, vectors(5, 2))
    with pytest.raises(ScoreError, match="query row 4 has the score nan for document"):
        dense(blocks)
    with pytest.raises(ScoreError, match="query row 4 "):
        dense(blocks.rows(3, 6).rows(1, 3))


@pytest.mark.gpu
@pytest.mark.skipif(not torch.cuda.is_available(), reason="no CUDA device")
def test_a_gpu_gives_the_same_scores_whatever_the_block() -> None:
    queries, documents = vectors(40, 1, 2000, 0.05), vectors(3000, 2, 2000, 0.05)
    whole = dense(SparseScores(queries, documents, device="cuda", block=3000))
    assert dense(SparseScores(queries, documents, device="cuda", block=700)).tobytes() == whole.tobytes()
    assert whole.tobytes() == dense(SparseScores(queries, documents)).tobytes(), "the sums of the CPU, in its order"
