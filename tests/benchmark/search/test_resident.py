"""The resident index gives the scores and the rankings of the CPU's, byte for byte, by each of its engines."""

from __future__ import annotations

import os
import subprocess
import sys

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from scipy.sparse import csr_array, random_array

from sparsebench import ScoreError
from sparsebench.rank import tie_order
from sparsebench.search import SparseScores, dense, postings, term_rounds
from sparsebench.search.resident import ResidentIndex


def vectors(rows: int, seed: int, vocabulary: int = 60, density: float = 0.3, levels: int = 0) -> csr_array:
    """levels: how many different weights, so that scores tie; 0 for no bound."""
    chance = np.random.default_rng(seed)
    found = random_array((rows, vocabulary), density=density, format="csr", rng=chance, dtype=np.float32)
    found.sort_indices()
    if levels:
        found.data[:] = np.ceil(found.data * levels) / levels
    return found


def order_of(documents: csr_array) -> np.ndarray:
    return tie_order(np.array([f"{n * 7919 % documents.shape[0]:05}".encode() for n in range(documents.shape[0])]))


def on_cpu(queries: csr_array, documents: csr_array) -> np.ndarray:
    return torch.cat([block.scores for block in SparseScores(queries, documents)], dim=1).numpy()


@given(seed=st.integers(0, 30), segment=st.integers(1, 70), first=st.integers(0, 60), size=st.integers(0, 60))
def test_scores_are_the_sums_of_the_cpu_whatever_the_segment_and_the_columns(
    seed: int, segment: int, first: int, size: int
) -> None:
    queries, documents = vectors(5, seed), vectors(70, seed + 100)
    columns = slice(first, min(first + size, 70))
    with pytest.MonkeyPatch.context() as patch:
        for module in (postings, term_rounds):
            patch.setattr(module, "SEGMENT", segment)
        found = ResidentIndex(documents, "cpu").fill(queries, columns).numpy()
    assert found.tobytes() == np.ascontiguousarray(on_cpu(queries, documents)[:, columns]).tobytes()


@given(seed=st.integers(0, 40), k=st.integers(1, 90), levels=st.sampled_from([0, 1, 3]), width=st.integers(1, 90))
def test_dense_blocks_find_the_ranking_of_the_cpu_ties_included(seed: int, k: int, levels: int, width: int) -> None:
    queries, documents = vectors(4, seed, levels=levels), vectors(80, seed + 100, levels=levels)
    expected = SparseScores(queries, documents).top(k, order_of(documents))
    assert dense.serves(queries, documents)
    found = ResidentIndex(documents, "cpu").top(queries, k, order_of(documents), width)
    assert found.documents.tobytes() == expected.documents.tobytes()
    assert found.scores.tobytes() == expected.scores.tobytes()


@given(seed=st.integers(0, 20), k=st.integers(1, 40))
def test_weights_that_dense_blocks_cannot_bound_are_ranked_by_postings(seed: int, k: int) -> None:
    queries, documents = vectors(4, seed), vectors(80, seed + 100)
    documents.data[::7] *= -1
    assert not dense.serves(queries, documents)
    expected = SparseScores(queries, documents).top(k, order_of(documents))
    found = ResidentIndex(documents, "cpu").top(queries, k, order_of(documents), 30)
    assert found.documents.tobytes() == expected.documents.tobytes()
    assert found.scores.tobytes() == expected.scores.tobytes()


def test_a_margin_that_is_too_small_is_widened() -> None:
    # Of 3,000 documents that all but tie, bfloat16 cannot tell the best 10.
    chance = np.random.default_rng(0)
    documents = csr_array((1 + 1e-4 * chance.random((3000, 1))).astype(np.float32))
    queries = csr_array(np.ones((2, 1), np.float32))
    expected = SparseScores(queries, documents).top(10, order_of(documents))
    found = ResidentIndex(documents, "cpu").top(queries, 10, order_of(documents))
    assert found.documents.tobytes() == expected.documents.tobytes()


def test_queries_without_terms_and_documents_without_any_have_no_hits() -> None:
    queries, documents = vectors(3, 1), vectors(20, 2)
    empty = csr_array((3, 60), dtype=np.float32)
    assert (ResidentIndex(documents, "cpu").top(empty, 5, order_of(documents)).documents == -1).all()
    nothing = csr_array((20, 60), dtype=np.float32)
    assert (ResidentIndex(nothing, "cpu").top(queries, 5, order_of(documents)).documents == -1).all()
    assert not ResidentIndex(documents, "cpu").fill(empty, slice(0, 20)).any()


def test_a_score_that_overflows_is_named() -> None:
    queries, documents = vectors(3, 1), vectors(20, 2)
    queries.data[:] = 1e30
    documents.data[:] = 1e30
    with pytest.raises(ScoreError, match=r"query row \d+ and document \d+ is infinite"):
        ResidentIndex(documents, "cpu").top(queries, 5, order_of(documents))


def test_without_kernels_the_record_says_why() -> None:
    assert ResidentIndex(vectors(2, 1), "cpu").engine == (
        "resident postings, dense blocks for the best (torch; kernels are for GPUs)"
    )


KERNEL = """
import numpy as np, sys, torch
from scipy.sparse import random_array
from sparsebench.rank import tie_order
from sparsebench.search import SparseScores, compiled, postings, postings_kernel, term_rounds
from sparsebench.search.resident import ResidentIndex

for module in (postings, postings_kernel, term_rounds):
    module.SEGMENT = 128
postings_kernel.AT_ONCE = 16
chance = np.random.default_rng(0)
queries, documents = (random_array((n, 50), density=0.4, format="csr", dtype=np.float32, rng=chance) for n in (3, 300))
for each in (queries, documents):
    each.sort_indices()
index = ResidentIndex(documents, "cpu")
assert index.engine == "resident postings (triton)", index.engine
whole = torch.cat([block.scores for block in SparseScores(queries, documents)], dim=1)
for columns in (slice(0, 300), slice(100, 213), slice(128, 256)):
    assert torch.equal(index.fill(queries, columns), whole[:, columns]), columns
order = tie_order(np.array([f"{n * 7919 % 300:03}".encode() for n in range(300)]))
found, expected = index.top(queries, 20, order), SparseScores(queries, documents).top(20, order)
assert found.documents.tobytes() == expected.documents.tobytes() and found.scores.tobytes() == expected.scores.tobytes()
"""


def test_the_kernel_gives_the_sums_of_the_cpu_in_the_interpreter() -> None:
    pytest.importorskip("triton")
    env = {**os.environ, "TRITON_INTERPRET": "1"}
    done = subprocess.run([sys.executable, "-c", KERNEL], env=env, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr[-3000:]
