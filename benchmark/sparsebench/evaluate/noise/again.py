"""Texts encoded again: searched, ranked and measured as the suite does, and compared with the first time."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cached_property
from itertools import compress
from statistics import fmean
from typing import TYPE_CHECKING

import numpy as np

from sparsebench.contracts import LoadedEncoder
from sparsebench.evaluate.forms.vectors import dot_products
from sparsebench.evaluate.group import Evaluation
from sparsebench.evaluate.noise.variations import Variation
from sparsebench.evaluate.ranking import depth_of, raw_run
from sparsebench.measures import aggregate, measure
from sparsebench.records.noise import Change
from sparsebench.search import LazyIndex, SparseScores
from sparsebench.types import Ranking, Run

if TYPE_CHECKING:
    from scipy.sparse import csr_array


class Again:
    """Vectors of all test queries and a sample of the documents; the other documents keep the vectors that they have.

    queries: (Q, V). documents: (S, V), those at `positions` (S,) of the collection's. All as the suite has it.
    """

    def __init__(self, evaluation: Evaluation, sample: int) -> None:
        self._evaluation = evaluation
        self._whole = evaluation.vectors.documents.matrix
        self._topics = evaluation.collection.test
        self.queries = evaluation.vectors.test
        scores = self._scores(self.queries, self._whole)
        ranking = scores.top(depth_of(evaluation), evaluation.order)
        self.positions = sampled(ranking, self._whole.shape[0], sample)
        self.documents = self._whole[self.positions]
        self._before = raw_run(evaluation, scores, self._topics)

    @property
    def counts(self) -> Mapping[str, int]:
        """Return the counts that a `GroupNoise` records."""
        entries = self.queries.nnz + self.documents.nnz
        return {"queries": self.queries.shape[0], "sampled": self.documents.shape[0], "entries": entries}

    def load(self, other: Evaluation) -> LoadedEncoder:
        """Load the encoder of an evaluation; raises SparsebenchError."""
        return other.vectors.encoder

    def change(self, variation: Variation, other: Evaluation) -> Change:
        """Measure what comes of encoding them in another way, by the encoder of `other`."""
        encoder = self.load(other)
        queries = variation.encode(encoder, [query.text for query in self._topics.queries], "query")
        documents = variation.encode(encoder, self._texts, "document")
        run = raw_run(self._evaluation, self._scores(queries, self._with(documents)), self._topics)
        before, after = self._means(self._before), self._means(run)
        pairs = [(self.queries, queries), (self.documents, documents)]
        return Change(
            variation=variation.name,
            counts=variation.counts,
            means={name: after[name] - before[name] for name in before},
            weight=max(float(abs(old - new).max()) for old, new in pairs),
            flips=sum(int(abs(old.sign() - new.sign()).sum()) for old, new in pairs),
            rankings=fmean(list(run[query_id]) != list(hits) for query_id, hits in self._before.items()),
        )

    @cached_property
    def _texts(self) -> list[str]:
        """Texts of the sampled documents."""
        taken = np.zeros(self._whole.shape[0], dtype=bool)
        taken[self.positions] = True
        return [document.text for document in compress(self._evaluation.collection.source.documents(), taken)]

    def _with(self, documents: csr_array) -> csr_array:
        """The whole collection (D, V) with these (S, V) in the place of those sampled."""
        from scipy.sparse import vstack

        rows = np.arange(self._whole.shape[0])
        rows[self.positions] = len(rows) + np.arange(len(self.positions))
        return vstack([self._whole, documents], format="csr")[rows]

    def _scores(self, queries: csr_array, documents: csr_array) -> SparseScores:
        return dot_products(self._evaluation.group, queries, LazyIndex(documents))

    def _means(self, run: Run) -> dict[str, float]:
        group = self._evaluation.group
        qrels = self._evaluation.answers.judged(self._topics.qrels)
        return aggregate(measure(run, qrels, group.measures, depth=group.depth))


def sampled(ranking: Ranking, documents: int, size: int) -> np.ndarray:
    """Positions (S,) of the documents to encode again, ascending: those that any query ranks first, then those that
    any ranks second, and so on, as rounding moves a measure through them alone; what no query retrieves comes last."""
    by_rank = ranking.documents.T.ravel()  # (k, Q) -> (k * Q,)
    order = np.concatenate([by_rank[by_rank >= 0], np.arange(documents)])
    _, first = np.unique(order, return_index=True)
    found: np.ndarray = np.sort(order[np.sort(first)[:size]])
    return found
