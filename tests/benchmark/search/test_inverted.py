"""The inverted index: the bytes of scipy's product, the ranking of TopK."""

from __future__ import annotations

import importlib.util

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.sparse import csr_array

from sparsebench.errors import ScoreError
from sparsebench.rank import TopK, tie_order
from sparsebench.search import LazyIndex, SparseScores, inverted, on_cpu
from sparsebench.types import Ranking

pytest.importorskip("numba", reason="numba is not installed")

VOCABULARY = 12


@pytest.fixture(params=["1", "2"])
def threads(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OMP_NUM_THREADS", request.param)


def vectors(rows: int, seed: int, *, weights: int | None) -> csr_array:
    """A third of the entries are active. weights: how many different ones, few make ties; None for any float."""
    generator = np.random.default_rng(seed)
    found = generator.random((rows, VOCABULARY)) if weights is None else generator.integers(1, weights + 1, (rows, 12))
    return csr_array(np.where(generator.random(found.shape) < 0.33, found, 0).astype(np.float32))


def by_product(queries: csr_array, documents: csr_array) -> np.ndarray:
    scores: np.ndarray = queries @ documents.T.toarray(order="C")
    return scores


def by_topk(queries: csr_array, documents: csr_array, k: int, order: np.ndarray) -> Ranking:
    best, scores = TopK(queries.shape[0], k, order), torch.from_numpy(by_product(queries, documents))
    best.add(slice(0, documents.shape[0]), scores, scores > 0)
    return best.ranking()


def names(documents: int, seed: int) -> np.ndarray:
    return tie_order(np.random.default_rng(seed).permutation(documents).astype("S"))


def equal(found: Ranking, expected: Ranking) -> None:
    assert found.documents.tolist() == expected.documents.tolist()
    assert found.scores.tobytes() == expected.scores.tobytes()
    assert (found.documents.dtype, found.scores.dtype) == (expected.documents.dtype, expected.scores.dtype)


cases = st.fixed_dictionaries(
    {
        "documents": st.integers(1, 90),
        "segment": st.integers(1, 40),
        "seed": st.integers(0, 1000),
        "weights": st.sampled_from([None, 1, 3]),
    }
)


@pytest.mark.usefixtures("threads")
@settings(max_examples=60)
@given(case=cases, data=st.data())
def test_scores_are_those_of_the_product_byte_for_byte(case: dict[str, int], data: st.DataObject) -> None:
    queries = vectors(9, case["seed"], weights=case["weights"])
    documents = vectors(case["documents"], case["seed"] + 1, weights=case["weights"])
    start = data.draw(st.integers(0, case["documents"] - 1))
    stop = data.draw(st.integers(start + 1, case["documents"]))
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(inverted, "SEGMENT", case["segment"])
        patch.setattr(inverted, "QUERIES_AT_ONCE", 4)
        scores = np.full((9, stop - start), np.nan, dtype=np.float32)
        inverted.InvertedIndex(documents).fill(queries, slice(start, stop), scores)
    assert scores.tobytes() == by_product(queries, documents)[:, start:stop].tobytes()


@pytest.mark.usefixtures("threads")
@settings(max_examples=100)
@given(case=cases, k=st.integers(1, 30), spare=st.integers(0, 20))
def test_the_best_are_those_of_topk_ties_at_the_cut_included(case: dict[str, int], k: int, spare: int) -> None:
    queries = vectors(9, case["seed"], weights=case["weights"])
    documents = vectors(case["documents"], case["seed"] + 1, weights=case["weights"])
    order = names(case["documents"], case["seed"])
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(inverted, "SEGMENT", case["segment"])
        patch.setattr(inverted, "QUERIES_AT_ONCE", 4)
        patch.setattr(inverted, "_room", lambda k, size: spare + 8)  # so that more than fit are met
        found = inverted.InvertedIndex(documents).top(queries, k, order)
    equal(found, by_topk(queries, documents, k, order))


def long_tailed(rows: int, seed: int) -> csr_array:
    """Frequent and rare terms, as in text."""
    generator = np.random.default_rng(seed)
    active = generator.random((rows, 300)) < 1 / np.arange(2, 302)
    return csr_array((generator.gamma(2, 1, active.shape) * active).astype(np.float32))


@pytest.mark.parametrize("k", [1, 10, 1000, 9000])
def test_the_best_of_many_documents_are_those_of_topk(k: int) -> None:
    queries, documents, order = long_tailed(70, 1), long_tailed(9000, 2), names(9000, 3)
    equal(inverted.InvertedIndex(documents).top(queries, k, order), by_topk(queries, documents, k, order))


def test_ten_thousand_documents_that_tie_are_cut_by_doc_id() -> None:
    documents, order = csr_array(np.ones((10_000, 1), np.float32)), names(10_000, 1)
    found = inverted.InvertedIndex(documents).top(csr_array(np.ones((1, 1), np.float32)), 5, order)
    assert order[found.documents[0]].tolist() == [0, 1, 2, 3, 4]
    assert found.scores.tolist() == [[1.0] * 5]


def test_weights_below_zero_are_summed_and_only_scores_above_zero_are_ranked() -> None:
    queries = csr_array(np.array([[1, -1]], np.float32))
    documents = csr_array(np.array([[1, 3], [3, 1], [1, 1], [2, 1]], np.float32))
    found = inverted.InvertedIndex(documents).top(queries, 4, names(4, 0))
    assert found.documents.tolist() == [[1, 3, -1, -1]]
    assert found.scores.tolist() == [[2.0, 1.0, -np.inf, -np.inf]]


def test_queries_and_documents_without_a_term_find_nothing() -> None:
    nothing, some, order = csr_array((3, VOCABULARY), dtype=np.float32), vectors(5, 1, weights=3), names(5, 0)
    for queries, documents in ((nothing, some), (some[:3], csr_array((5, VOCABULARY), dtype=np.float32))):
        index = inverted.InvertedIndex(documents)
        assert (index.top(queries, 2, order).documents == -1).all()
        scores = np.full((3, 5), np.nan, dtype=np.float32)
        index.fill(queries, slice(0, 5), scores)
        assert not scores.any()


def test_a_score_that_overflows_is_an_error_that_names_query_and_document() -> None:
    huge = csr_array(np.array([[1, 0], [1, 3e38], [1, 1]], np.float32))
    with pytest.raises(ScoreError, match="query row 1 and document 1 is infinite"):
        inverted.InvertedIndex(huge).top(huge, 2, names(3, 0))


@pytest.fixture
def at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """The index pays from the first product on."""
    monkeypatch.setattr(on_cpu, "WORTH_LOADING", -1)
    monkeypatch.setattr(on_cpu, "WORTH_INDEXING", 0)


def dense(blocks: SparseScores) -> bytes:
    return torch.cat([block.scores for block in blocks], dim=1).numpy().tobytes()


def test_an_index_is_built_when_it_pays_and_changes_no_byte(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(on_cpu, "WORTH_INDEXING", 0)
    queries, documents, order = long_tailed(20, 1), long_tailed(500, 2), names(500, 3)
    monkeypatch.setattr(on_cpu, "WORTH_LOADING", 4 * queries.nnz * 500)
    index = LazyIndex(documents)
    blocks = SparseScores(queries, documents, block=77, index=index)
    found, best = [dense(blocks), dense(blocks)], [blocks.top(10, order)]
    assert not index.on("cpu").indexes
    found.append(dense(blocks.rows(0, 20)))
    assert index.on("cpu").indexes, "asked for once more"
    best.append(blocks.top(10, order))
    assert len({*found, dense(blocks)}) == 1
    equal(*best)


@pytest.mark.usefixtures("at_once")
def test_rows_share_the_index() -> None:
    queries, documents, order = long_tailed(20, 1), long_tailed(500, 2), names(500, 3)
    blocks = SparseScores(queries, documents)
    whole, part = blocks.top(10, order), blocks.rows(5, 8).top(10, order)
    assert part.documents.tolist() == whole.documents[5:8].tolist()
    assert blocks.rows(5, 8).index is blocks.rows(0, 3).index


@pytest.mark.usefixtures("at_once")
def test_without_numba_scipy_serves(monkeypatch: pytest.MonkeyPatch) -> None:
    queries, documents = long_tailed(20, 1), long_tailed(500, 2)
    expected = dense(SparseScores(queries, documents))
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None)
    index = LazyIndex(documents)
    assert dense(SparseScores(queries, documents, index=index)) == expected
    assert index.on("cpu").engine == "product (scipy)"


@pytest.mark.usefixtures("at_once")
def test_a_broken_weight_is_the_same_error_as_without_an_index() -> None:
    queries, documents, order = vectors(6, 1, weights=3), vectors(5, 2, weights=3), names(5, 0)
    queries.data[queries.indptr[4]] = np.nan
    with pytest.raises(ScoreError, match="query row 4 has the score nan for document"):
        SparseScores(queries, documents).top(3, order)
    documents.data[0] = np.inf
    with pytest.raises(ScoreError, match="has the score"):
        SparseScores(vectors(6, 1, weights=3), documents).top(3, order)
