"""Analyzers of three levels: of a model on a collection, of one run, of all records of a suite."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, ClassVar, Literal

import numpy as np

from sparsebench.contracts.models import Vocabulary
from sparsebench.types import Document, Json, Qrels, Ranking, Run, Topics

if TYPE_CHECKING:
    from scipy.sparse import csr_array

    from sparsebench.records import Record


@dataclass(frozen=True)
class GroupContext:
    """Read-only input of a group analyzer: one model on one collection.

    documents: stream of the corpus. test, bank: topics (bank None where the collection has none).
    document_vectors: (D, V) CSR in corpus order. query_vectors: (Q, V) CSR of the test queries.
    encode_queries: texts -> (N, V) CSR through the store. search: (N, V) query vectors, k -> Ranking (score > 0 only).
    doc_ids: (D,) UTF-8 bytes. corpus_digest: hash of ids and texts. drop_own_id: whether a hit on a query's own id is
    dropped from its ranking (ArguAna, Quora).

    Example: `context.search(context.query_vectors, 10).documents` are the 10 best of each test query, (Q, 10).
    """

    collection: str
    documents: Callable[[], Iterator[Document]]
    doc_ids: np.ndarray
    corpus_digest: str
    test: Topics
    bank: Topics | None
    expands_queries: bool
    vocabulary: Vocabulary
    document_vectors: csr_array
    query_vectors: csr_array
    encode_queries: Callable[[Sequence[str]], csr_array]
    search: Callable[[csr_array, int], Ranking]
    drop_own_id: bool = False


@dataclass(frozen=True)
class Analysis:
    """Result of an analyzer.

    values: small, part of every record it concerns. files: name -> text, beside them.
    summary: markdown for the leaderboard, below its tables.

    Example:
        >>> Analysis({"queries": 3}, summary="Three queries.").values
        {'queries': 3}
    """

    values: Mapping[str, Json]
    files: Mapping[str, str] = field(default_factory=dict)
    summary: str = ""


RESERVED_VALUES = frozenset({"analyzer", "artefact", "files", "summary", "not_applicable", "error"})
"""What the harness itself writes beside the values of an analysis."""


class NotApplicable(Exception):
    """Raised by an analyzer for a model that lacks what it needs; the record says why and nothing fails.

    Example:
        def analyze(self, context):
            if context.bank is None:
                raise NotApplicable("the collection has no bank")
    """


class GroupAnalyzer(ABC):
    """An analyzer of a model on a collection; computed once whatever the postprocessor.

    Example:
        >>> class Entries(GroupAnalyzer):
        ...     def analyze(self, context):
        ...         return Analysis({"entries": context.document_vectors.nnz})
        >>> Entries.level
        'group'
    """

    level: ClassVar[Literal["group"]] = "group"

    @abstractmethod
    def analyze(self, context: GroupContext) -> Analysis:
        """Analyze it. Raises NotApplicable where the model lacks what it needs."""


@dataclass(frozen=True)
class CellContext:
    """Read-only input of a cell analyzer: one run, as it lies on disk.

    documents: D, how many could be ranked. depth: how long a ranking can be.

    Example:
        >>> CellContext({"q1": {"d1": 2.0}}, {"q1": {"d1": 1}}, documents=9, depth=1000).run["q1"]
        {'d1': 2.0}
    """

    run: Run
    qrels: Qrels
    documents: int
    depth: int


class CellAnalyzer(ABC):
    """An analyzer of one run: of a model with a postprocessor on a collection.

    Example:
        >>> class Answered(CellAnalyzer):
        ...     def analyze(self, context):
        ...         return Analysis({"answered": len(context.run)})
        >>> Answered().analyze(CellContext({"q1": {"d1": 2.0}}, {}, documents=9, depth=1000)).values
        {'answered': 1}
    """

    level: ClassVar[Literal["cell"]] = "cell"

    @abstractmethod
    def analyze(self, context: CellContext) -> Analysis:
        """Analyze it. Raises NotApplicable where the run cannot tell."""


@dataclass(frozen=True)
class SuiteContext:
    """Input of a suite analyzer: records, and per-query values of each (measure -> query_id -> value).

    baseline: the suite's, as labels of a model and a postprocessor.

    Example:
        >>> SuiteContext([], lambda record: {}, baseline=("bm25", "none")).baseline
        ('bm25', 'none')
    """

    records: Sequence[Record]
    per_query: Callable[[Record], Mapping[str, Mapping[str, float]]]
    baseline: tuple[str, str] | None = None


class SuiteAnalyzer(ABC):
    """An analyzer of all records of a suite; needs neither weights nor collections.

    Example:
        >>> class Count(SuiteAnalyzer):
        ...     def analyze(self, context):
        ...         return Analysis({"records": len(context.records)})
        >>> Count().analyze(SuiteContext([], lambda record: {})).values
        {'records': 0}
    """

    level: ClassVar[Literal["suite"]] = "suite"

    @abstractmethod
    def analyze(self, context: SuiteContext) -> Analysis:
        """Analyze it. Raises NotApplicable where the suite lacks what it compares."""


Analyzer = GroupAnalyzer | CellAnalyzer | SuiteAnalyzer
