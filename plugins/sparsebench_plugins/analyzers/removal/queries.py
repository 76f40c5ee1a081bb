"""Test queries whose expansion terms can be taken away one by one, without another search.

A score is a sum over the terms of the query, so what is left of it after any removal is known from the parts.
Letters: D documents, d candidates, m expansion terms of a query, X removals, k depth.
"""

from __future__ import annotations

import importlib.util
from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from sparsebench.rank import best_of_rows, tie_order
from sparsebench_plugins.analyzers.wackiness import expansion_entries

if TYPE_CHECKING:
    from scipy.sparse import csr_array

    from sparsebench import GroupContext, Qrels
    from sparsebench.measures import FastMeasure

CELLS = 2**22
"""Of the largest block of scores, 32 MiB of float64."""

ROUNDING = 1e-6
"""More, relatively, than rounding to float32 can add to a score."""


@dataclass(frozen=True)
class RemovalQuery:
    """A test query against its d candidates, which stand in the order that breaks ties.

    terms, weights: (m,) its expansion terms and their weights. base: (d,) scores of its own tokens alone.
    shares: (m, d) what each expansion term adds. grades: (d,) of the candidates. judged: (j,) all grades of the query.
    """

    terms: np.ndarray
    weights: np.ndarray
    base: np.ndarray
    shares: np.ndarray
    grades: np.ndarray
    judged: np.ndarray

    def along(self, steps: np.ndarray, points: int, measure: FastMeasure) -> np.ndarray:
        """The measure (R, G) at each of G points of R ways to remove terms; steps: (R, m) at which point each term is
        gone, G or more where it never is.

        With numba it sums in another order than without, so that scores differ in float64's last
        bits: it can matter only to documents whose scores are as near to each other as that.
        """
        if not importlib.util.find_spec("numba"):
            removed = steps[:, None, :] <= np.arange(points)[:, None]
            return self.values(removed.reshape(len(steps) * points, self.terms.size), measure).reshape(
                len(steps), points
            )
        from sparsebench_plugins.analyzers.removal.kernel import best_along

        order = np.argsort(steps, axis=1, kind="stable")
        steps = np.take_along_axis(steps, order, axis=1)
        best = best_along(self.base, self.shares, order, steps, points, measure.cutoff)
        return self._measured(best.reshape(-1, measure.cutoff), measure).reshape(len(steps), points)

    def values(self, removed: np.ndarray, measure: FastMeasure) -> np.ndarray:
        """The measure (X,) after each of the removals (X, m) bool; equal removals are ranked once."""
        _, chosen, inverse = np.unique(np.packbits(removed, axis=1), axis=0, return_index=True, return_inverse=True)
        kept = ~removed[chosen]
        step = max(1, CELLS // max(1, self.base.size))
        parts = [self._values(kept[start : start + step], measure) for start in range(0, len(kept), step)]
        values: np.ndarray = np.concatenate(parts)[inverse]
        return values

    def _values(self, kept: np.ndarray, measure: FastMeasure) -> np.ndarray:
        scores = self.base + kept.astype(np.float64) @ self.shares  # (X, m) @ (m, d)
        return self._measured(best_of_rows(scores, measure.cutoff), measure)

    def _measured(self, best: np.ndarray, measure: FastMeasure) -> np.ndarray:
        return measure.values(np.append(self.grades, 0)[best], self.judged)  # the last grade is that of column -1


def removal_queries(context: GroupContext, *, depth: int) -> Iterator[RemovalQuery]:
    """The test queries in their order, with every document that can be among the first `depth` after any removal."""
    queries = context.test.queries
    expansions = expansion_entries(context.query_vectors, [query.text for query in queries], context.vocabulary)
    own = context.query_vectors - expansions
    in_tie_order = np.argsort(tie_order(context.doc_ids))
    postings = context.document_vectors[in_tie_order].astype(np.float64).tocsc()
    places = {doc_id.decode(): place for place, doc_id in enumerate(context.doc_ids[in_tie_order].tolist())}
    for row, query in enumerate(queries):
        base = (postings @ own[[row]].T.astype(np.float64)).toarray().ravel()  # (D,)
        terms, weights = _entries(expansions, row)
        shares = postings[:, terms].toarray().T * weights[:, None]  # (m, D)
        if context.drop_own_id and query.query_id in places:
            base[places[query.query_id]] = shares[:, places[query.query_id]] = 0
        candidates = within_reach(base, shares, depth)
        grades, judged = _grades(context.test.qrels, query.query_id, places)
        yield RemovalQuery(terms, weights, base[candidates], shares[:, candidates], grades[candidates], judged)


def within_reach(base: np.ndarray, shares: np.ndarray, k: int) -> np.ndarray:
    """Documents, ascending, that are among the first k after some removal, and few others; base (D,), shares (m, D).

    Whatever is removed, the k documents with the largest base score at least the k-th largest base. So a document that
    stays below that even with every term kept is never among the first k.
    """
    most = base + shares.sum(axis=0)
    certain = np.partition(base, -k)[-k] if base.size >= k else 0.0
    return np.flatnonzero((most > 0) & (most * (1 + ROUNDING) >= certain))


def _entries(vectors: csr_array, row: int) -> tuple[np.ndarray, np.ndarray]:
    entries = slice(*vectors.indptr[row : row + 2])
    return vectors.indices[entries].astype(np.int64), vectors.data[entries].astype(np.float64)


def _grades(qrels: Qrels, query_id: str, places: dict[str, int]) -> tuple[np.ndarray, np.ndarray]:
    """Grades (D,) of the documents in their places, and all grades (j,), also of documents that are not there."""
    judged = qrels.get(query_id, {})
    grades = np.zeros(len(places), dtype=np.int64)
    for doc_id, grade in judged.items():
        if doc_id in places:
            grades[places[doc_id]] = grade
    return grades, np.array(list(judged.values()), dtype=np.int64)
