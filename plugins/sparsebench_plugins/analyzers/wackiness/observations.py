"""Observe every expansion token of every scoring query, with what the retrieved documents say for it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from sparsebench_plugins.analyzers.wackiness.statistics import decay
from sparsebench_plugins.analyzers.wackiness.tokens import count_tokens

if TYPE_CHECKING:
    from scipy.sparse import csr_array

    from sparsebench import Vocabulary
    from sparsebench_plugins.analyzers.wackiness.tokens import CorpusTerms

DENSE_CELLS = 2**23
"""Cells of the largest dense block, 64 MiB of float64."""


@dataclass(frozen=True)
class Observations:
    """E pairs of a scoring query and one of its expansion tokens, in order of the query.

    queries: (E,) in [0, n). terms: (E,) in [0, V). weights: (E,) the token's weight in the query.
    evidence: (E,) `sum_i tf(t, d_i) * decay(i)`: utility without idf (METHODS 2.1).
    """

    n: int
    queries: np.ndarray
    terms: np.ndarray
    weights: np.ndarray
    evidence: np.ndarray

    def part(self, index: int, parts: int) -> Observations:
        """Return the observations of every `parts`-th query from `index` on."""
        mine = self.queries % parts == index
        n = len(range(index, self.n, parts))
        return Observations(n, self.queries[mine], self.terms[mine], self.weights[mine], self.evidence[mine])


def observe(expansions: csr_array, ranked: np.ndarray, corpus: CorpusTerms) -> Observations:
    """Read the evidence for `expansions` (n, V) off the documents `ranked` (n, k), -1 where there are fewer."""
    n = expansions.shape[0]
    queries = np.repeat(np.arange(n), np.diff(expansions.indptr))
    terms = expansions.indices.astype(np.int64)
    discounts = _discounts(ranked, corpus.positions)
    evidence = np.empty(terms.size)
    step = max(1, DENSE_CELLS // expansions.shape[1])
    for start in range(0, n, step):
        entries = slice(*expansions.indptr[[start, min(start + step, n)]])
        summed = (discounts[start : start + step] @ corpus.frequencies).toarray()  # (step, R) @ (R, V)
        evidence[entries] = summed[queries[entries] - start, terms[entries]]
    return Observations(n, queries, terms, expansions.data.astype(np.float64), evidence)


def expansion_entries(vectors: csr_array, texts: Sequence[str], vocabulary: Vocabulary) -> csr_array:
    """`E(q) = A(q) \\ T(q)`: query vectors (n, V) without the entries of the query's own tokens, compared as ids."""
    from scipy.sparse import csr_array

    own_tokens, _ = count_tokens(texts, vocabulary)
    expansions = csr_array(vectors, copy=True)
    expansions.data[np.isin(_cells(vectors), _cells(own_tokens))] = 0
    expansions.eliminate_zeros()
    return expansions


def _cells(matrix: csr_array) -> np.ndarray:
    """Return the stored entries of (n, V) as one number each, row * V + column."""
    rows = np.repeat(np.arange(matrix.shape[0]), np.diff(matrix.indptr))
    cells: np.ndarray = rows * matrix.shape[1] + matrix.indices
    return cells


def _discounts(ranked: np.ndarray, positions: np.ndarray) -> csr_array:
    """Return decay(rank) of each retrieved document: (n, R) CSR, its columns the sorted `positions`, in rank order."""
    from scipy.sparse import csr_array

    retrieved = ranked >= 0  # (n, k)
    starts = np.concatenate([[0], np.cumsum(retrieved.sum(axis=1))])
    columns = np.searchsorted(positions, ranked[retrieved])
    weights = decay(np.nonzero(retrieved)[1])
    return csr_array((weights, columns, starts), shape=(ranked.shape[0], positions.size))
