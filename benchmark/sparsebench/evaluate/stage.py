"""A ranking context: the whole collection, or one fold of the bank during tuning."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Protocol, TypeVar

import numpy as np

from sparsebench.collection.resolved import TestCollection
from sparsebench.evaluate.answers import Answers
from sparsebench.evaluate.forms import Scores
from sparsebench.evaluate.galleries import unanswered
from sparsebench.evaluate.group import Evaluation
from sparsebench.planning import Group
from sparsebench.search import chosen
from sparsebench.types import Query, ScoreBlocks, Topics

T = TypeVar("T")


class RankingContext(Protocol):
    """Model, collection and scores of the place where ranking happens.

    Example: `rank_topics(BankFold.of(evaluation, fold, dev), cell, postprocessor, fold, bank, Stopwatch())`.
    """

    @property
    def group(self) -> Group:
        """The model and the collection."""
        ...

    @property
    def collection(self) -> TestCollection:
        """The group's."""
        ...

    @property
    def answers(self) -> Answers:
        """Return the answers that a run lists."""
        ...

    def scores(self, topics: Topics) -> Scores[ScoreBlocks]:
        """Raw scores (Q, D) of the queries that are ranked."""
        ...

    def bank_scores(self, queries: Sequence[Query]) -> Scores[ScoreBlocks]:
        """Raw scores (Q, D) of bank queries for the same documents."""
        ...

    def bank_gallery_scores(self, queries: Sequence[Query]) -> Scores[ScoreBlocks] | None:
        """Raw scores (Q, E) of bank queries for the bank's own documents; None where it has none."""
        ...

    def halving(self, work: Callable[[], T]) -> T:
        """Return the result of `work` on scores; where memory ends it starts over, with half as many at once."""
        ...


@dataclass(frozen=True)
class BankFold:
    """Some of the bank's queries as if they were tested, over the documents that answer no other bank query.

    Tested documents answer no bank query. Those that do are held down by their own queries in the bank: beside them,
    the answers of the fold would rise whatever the method is worth. They are the bank's own documents here.
    whole: over all documents of the bank. documents: (D,) bool, those to rank.
    """

    whole: Evaluation
    documents: np.ndarray

    @classmethod
    def of(cls, whole: Evaluation, fold: Topics, dev: Topics) -> BankFold:
        """The stage for `fold`, a part of the development queries `dev`."""
        others = {query_id: grades for query_id, grades in dev.qrels.items() if query_id not in fold.qrels}
        return cls(whole, unanswered(whole.doc_ids, fold.qrels, others))

    @property
    def group(self) -> Group:
        """The group of the whole."""
        return self.whole.group

    @property
    def collection(self) -> TestCollection:
        """The collection of the whole."""
        return self.whole.collection

    @cached_property
    def doc_ids(self) -> np.ndarray:
        """Ids of the documents that can be ranked."""
        found: np.ndarray = self.whole.doc_ids[self.documents]
        return found

    @cached_property
    def answers(self) -> Answers:
        """Answers that a run lists."""
        return Answers(self.doc_ids, self.collection.groups)

    def scores(self, topics: Topics) -> Scores[ScoreBlocks]:
        """Raw scores of the fold."""
        return _of_some(self.whole.scores(topics), self.documents)

    def bank_scores(self, queries: Sequence[Query]) -> Scores[ScoreBlocks]:
        """Raw scores of the other queries."""
        return _of_some(self.whole.bank_scores(queries), self.documents)

    def bank_gallery_scores(self, queries: Sequence[Query]) -> Scores[ScoreBlocks]:
        """Raw scores of the other queries for their own answers."""
        return _of_some(self.whole.bank_scores(queries), ~self.documents)

    def halving(self, work: Callable[[], T]) -> T:
        """Return what the whole's `halving` returns."""
        return self.whole.halving(work)


def _of_some(scores: Scores[ScoreBlocks], documents: np.ndarray) -> Scores[ScoreBlocks]:
    return Scores(chosen(scores.blocks, documents), scores.notes)
