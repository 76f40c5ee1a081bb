from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.sparse import csr_array

import toys
from sparsebench.registry.parameters import ParameterError, validate
from sparsebench.store import Store
from sparsebench.types import Ranking
from sparsebench_plugins.analyzers import sparsity
from sparsebench_plugins.analyzers.sparsity import Postings, Sparsity

DOCUMENTS = csr_array(np.array([[1, 0, 2, 0], [0, 0, 2, 1], [3, 0, 0, 1]], dtype=np.float32))
QUERIES = csr_array(np.array([[1, 0, 1, 0], [1, 1, 0, 0]], dtype=np.float32))


def test_flops_is_the_vector_of_methods_1():
    assert sparsity.flops(QUERIES, DOCUMENTS) == pytest.approx(1.0, abs=1e-15)


def test_flops_is_the_mean_number_of_products_over_all_pairs():
    pairs = (QUERIES > 0).astype(int) @ (DOCUMENTS > 0).astype(int).T
    assert sparsity.flops(QUERIES, DOCUMENTS) == pytest.approx(pairs.toarray().mean())


def test_l0_counts_active_dimensions():
    assert sparsity.mean_active(DOCUMENTS) == 2
    assert sparsity.mean_active(csr_array(np.array([[0, 0], [1, 2]]))) == 1


def test_index_bytes_are_eight_a_posting_and_eight_a_pointer():
    assert sparsity.index_bytes(DOCUMENTS) == 6 * (4 + 4) + 5 * 8


@pytest.mark.parametrize(
    ("lengths", "expected"), [([5], 0), ([3, 3, 3], 0), ([1, 3], 0.25), ([1, 1, 1, 7], 0.45), ([], None)]
)
def test_gini_of_posting_lengths(lengths: list[int], expected: float | None):
    assert sparsity.gini(np.array(lengths)) == (expected if expected is None else pytest.approx(expected, abs=1e-12))


@given(st.lists(st.integers(1, 1000), min_size=1, max_size=30))
def test_gini_is_half_the_relative_mean_difference(lengths: list[int]):
    values = np.array(lengths, dtype=float)
    mean_difference = np.abs(values[:, None] - values).mean()
    assert sparsity.gini(values) == pytest.approx(mean_difference / (2 * values.mean()), abs=1e-9)


def test_spread_interpolates_percentiles():
    found = sparsity.spread(np.arange(1, 102))
    assert found == {"p50": 51, "p99": 100, "max": 101, "mean": 51}


def ranking(*rows: list[float]) -> Ranking:
    scores = np.array([row + [-np.inf] * (4 - len(row)) for row in rows])
    return Ranking(np.where(np.isfinite(scores), np.arange(4), -1), scores)


def test_a_hit_is_tied_when_its_neighbour_has_its_score():
    assert sparsity.tied_share(ranking([3, 2, 2, 1]), 3) == pytest.approx(2 / 3)


def test_a_tie_across_the_cutoff_counts_the_hit_inside():
    assert sparsity.tied_share(ranking([3, 2, 1, 1]), 3) == pytest.approx(1 / 3)


def test_a_list_shorter_than_the_depth_counts_its_last_hit_too():
    assert sparsity.tied_share(ranking([2, 1, 1]), 10) == pytest.approx(2 / 3)


def test_scores_equal_in_float32_are_tied_as_trec_eval_sees_them():
    assert sparsity.tied_share(ranking([1 + 1e-9, 1, 0.5]), 3) == pytest.approx(2 / 3)


def test_places_without_a_document_are_no_hits_and_no_ties():
    assert sparsity.tied_share(ranking([2], [3, 2]), 3) == 0
    assert sparsity.tied_share(ranking([]), 3) is None


def test_bound_tightness_is_mean_over_max_per_term_then_the_mean_over_terms():
    # dimension 0: (1 + 3) / 2 / 3; dimension 2: 1; dimension 3: 1; dimension 1 has no postings and no part in it
    assert sparsity.bound_tightness(Postings.of(DOCUMENTS)) == pytest.approx((2 / 3 + 1 + 1) / 3)


def test_bound_tightness_by_postings_counts_a_term_once_per_posting():
    vectors = csr_array(np.array([[1, 1], [4, 0], [4, 0]], dtype=np.float32))
    assert sparsity.bound_tightness(Postings.of(vectors), by_postings=True) == pytest.approx((3 * 0.75 + 1) / 4)


def test_binary_weights_have_tight_bounds():
    binary = csr_array((DOCUMENTS.toarray() > 0).astype(np.float32))
    assert sparsity.bound_tightness(Postings.of(binary)) == 1


def test_the_analysis_of_a_small_collection_by_hand(toy_context):
    context = toy_context(["a", "b", "c", "d"], ["a b", "a c", "zzz"], ["a", "b d", "zzz"])
    values = Sparsity().analyze(context).values
    assert values["l0_query"] == pytest.approx(1)
    assert values["l0_document"] == pytest.approx(4 / 3)
    assert values["flops"] == pytest.approx(1 / 3 * 2 / 3 + 1 / 3 * 1 / 3)
    assert values["index_bytes"] == 4 * 8 + 5 * 8
    assert values["terms"] == 3
    assert values["posting_length"] == {
        "p50": 1,
        "p99": pytest.approx(1.98),
        "max": 2,
        "mean": pytest.approx(4 / 3),
        "gini": pytest.approx(1 / 6),
    }
    assert (values["documents_without_terms"], values["queries_without_terms"]) == (1, 1)
    assert values["tied_top10"] == pytest.approx(2 / 3)  # "a" ties d0 with d1; "b d" finds d0 alone
    assert values["impact"] == {"p50": 1, "p99": 1, "max": 1, "mean": 1}


def test_a_collection_without_any_posting_has_stated_values(toy_context):
    values = Sparsity().analyze(toy_context(["a"], ["zzz"], ["a"])).values
    assert values["l0_document"] == 0
    assert values["posting_length"] == {"p50": None, "p99": None, "max": None, "mean": None, "gini": None}
    assert values["tied_top10"] is None
    assert values["bound_tightness"] is None
    assert values["bound_tightness_by_postings"] is None


@pytest.mark.parametrize(
    ("name", "lines"),
    [
        ("queries.tsv", "r1\ta b\nr2\ta\n"),
        ("queries.jsonl", '{"_id": "r1", "text": "a b"}\n{"_id": "r2", "text": "a"}\n'),
    ],
)
def test_reference_queries_have_a_flops_of_their_own(toy_context, tmp_path: Path, name: str, lines: str):
    path = tmp_path / "web" / name
    path.parent.mkdir()
    path.write_text(lines)
    context = toy_context(["a", "b", "c"], ["a b", "a c", "c"], ["c"])
    values = Sparsity(reference_queries=path).analyze(context).values
    reference = values["reference"]
    assert (reference["queries"], reference["n"], reference["l0_query"]) == (f"web/{name}", 2, 1.5)
    assert reference["flops"] == pytest.approx(1 * 2 / 3 + 1 / 2 * 1 / 3)
    assert values | {"reference": None} == Sparsity().analyze(context).values


def test_reference_queries_that_are_not_there_are_a_mistake_of_the_suite(tmp_path: Path):
    with pytest.raises(ParameterError, match="there is no file"):
        validate(Sparsity, {"reference_queries": tmp_path / "none.tsv"})


def test_other_reference_queries_in_the_same_file_are_analysed_again(tmp_path: Path):
    reference = tmp_path / "reference.tsv"
    extra = f"models: [words]\nanalyzers: [{{name: sparsity, reference_queries: {reference}}}]\n"
    suite, keys = toys.write_suite(tmp_path / "toy.yaml", toys.write_collection(tmp_path / "fruit"), extra), set()
    for text in ("r1\tapple\n", "r1\tpear\n"):
        reference.write_text(text)
        keys.add(toys.plan_suite(suite, Store(tmp_path / "store")).groups[0].analyses[0].key)
    assert len(keys) == 2
