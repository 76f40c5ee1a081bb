"""Interface that an evaluation uses for models of every form."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Generic, Literal, TypeVar

import numpy as np

from sparsebench.collection.read import Gallery
from sparsebench.collection.resolved import TestCollection
from sparsebench.contracts import Model, NotApplicable
from sparsebench.evaluate.vectors import GroupVectors
from sparsebench.planning import Group
from sparsebench.progress import Progress
from sparsebench.provenance import Stopwatch
from sparsebench.search.source import Source
from sparsebench.store import Store
from sparsebench.types import Json, Query, Ranking, ScoreBlocks

Part = Literal["collection", "bank", "bank gallery"]
"""Whose queries, and over whose documents: the bank's queries have two galleries, the collection's and their own."""

M = TypeVar("M", bound=Model)

BLOCK_BYTES = 256 * 2**20
WIDEST = 65_536
"""Documents a block, at most."""


B = TypeVar("B", bound=ScoreBlocks, covariant=True)


@dataclass(frozen=True)
class Scores(Generic[B]):
    """Scores of queries, and what the record of a cell that reads them says of them.

    blocks: (Q, D), lazy. notes: counts, e.g. `{"queries_not_in_run": 3}`.
    """

    blocks: B
    notes: Mapping[str, Json] = field(default_factory=dict)


class Form(ABC, Generic[M]):
    """One model on one collection, lazily: nothing is loaded before it is needed.

    has_vectors: whether `vectors` and `search` answer, which group analyzers, `noise` and `explain` need.
    """

    has_vectors: bool = False

    def __init__(self, group: Group, model: M, store: Store, progress: Progress, watch: Stopwatch) -> None:
        self.group = group
        self.model = model
        self.store = store
        self.progress = progress
        self.watch = watch

    @property
    def collection(self) -> TestCollection:
        """The group's."""
        return self.group.collection

    @property
    def outside(self) -> np.ndarray | None:
        """Ids (O,) bytes of documents that it ranks beside the corpus; None where it can rank no other."""
        return None

    @abstractmethod
    def scores(self, queries: Sequence[Query], part: Part) -> Scores[Source]:
        """Raw scores (Q, D + O) of queries; of the bank's queries for their own documents, (Q, E)."""

    def facts(self) -> Mapping[str, Json]:
        """Return facts for the record on how the scores were made."""
        return {}

    def seconds(self) -> Mapping[str, float]:
        """Stage -> what its artefacts in the store cost when they were made, s."""
        return {}

    def make_shards(self, rows: Sequence[range]) -> None:
        """Have some shards of the corpus in the store, as `encoding.stored.document_shards` cuts it: what several
        processes can share. A form that cannot be split so encodes where it is evaluated."""

    def on_bank(self) -> Model:
        """The model to ask where the bank's queries and documents stand for those tested."""
        return self.model

    @property
    def vectors(self) -> GroupVectors:
        """Sparse vectors of the model. Raises NotApplicable where it has none."""
        raise NotApplicable("the model gives scores, not vectors")

    def search(self, query_vectors: object, depth: int, order: np.ndarray) -> Ranking:
        """The best documents for sparse vectors. Raises NotApplicable where it has none."""
        raise NotApplicable("the model gives scores, not vectors")


def bank_gallery(collection: TestCollection) -> Gallery:
    """The bank's own documents."""
    assert collection.bank_gallery is not None, "the suite asks for no gallery of the bank"
    return collection.bank_gallery


def block_width(queries: int) -> int:
    """Documents a block, so that its float64 scores stay within the budget."""
    return max(256, min(WIDEST, BLOCK_BYTES // (8 * max(queries, 1))))
