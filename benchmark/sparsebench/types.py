"""The nouns: frozen, small, and importable without torch.

Letters, the same in the whole project: Q queries, D documents, V output vocabulary, B bank queries, k depth.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Literal, Protocol

import numpy as np

if TYPE_CHECKING:
    from scipy.sparse import csr_array
    from torch import Tensor

Role = Literal["query", "document"]
Domain = Literal["in", "out", "unknown"]
Sees = Literal["query", "bank", "batch"]
Candidates = Literal["retrieved", "all"]

Json = Any
"""A value that `json.dumps` takes."""

Qrels = Mapping[str, Mapping[str, int]]
"""query_id -> doc_id -> relevance."""


@dataclass(frozen=True, slots=True)
class Document:
    """A document; `text` is title, a space and the body when there is a title.

    Example:
        >>> Document("d1", "Tea. A drink from leaves.").doc_id
        'd1'
    """

    doc_id: str
    text: str


@dataclass(frozen=True, slots=True)
class Query:
    """A query as its collection gives it.

    Example:
        >>> Query("q1", "what is tea").text
        'what is tea'
    """

    query_id: str
    text: str


@dataclass(frozen=True)
class Topics:
    """Queries of one split with their judgments; `qrels` is empty where a bank has none.

    counts: what was passed over while they were read, by reason, e.g. `{"judgments_of_unknown_queries": 3}`.

    Example:
        >>> Topics((Query("q1", "what is tea"),), {"q1": {"d1": 1}}).qrels["q1"]
        {'d1': 1}
    """

    queries: tuple[Query, ...]
    qrels: Qrels = field(default_factory=dict)
    counts: Mapping[str, int] = field(default_factory=dict)


@dataclass(frozen=True)
class Encoded:
    """Vectors of N texts.

    vectors: (N, V) float32 CSR with sorted indices, only positive entries stored.
    truncated: how many of the N texts were cut at the maximum length.

    Example:
        >>> from scipy.sparse import csr_array
        >>> Encoded(csr_array(np.array([[0.0, 1.5], [0.5, 0.0]], dtype=np.float32)), truncated=1).vectors.shape
        (2, 2)
    """

    vectors: csr_array
    truncated: int = 0


@dataclass(frozen=True)
class Block:
    """Scores of all rows of a `ScoreBlocks` for a contiguous range of documents.

    columns: the range of documents. scores: (Q, d) with d = columns.stop - columns.start; float32, or float64 where
    the source has more digits or they were divided by a scale; all blocks of a `ScoreBlocks` are of one type, and
    nobody writes to them. first_row: the number of the first query among all that are scored, so that a method that saw
    them all knows which is which.

    Example:
        >>> import torch
        >>> Block(slice(10, 13), torch.tensor([[1.0, 0.0, 2.0]])).scores.shape
        torch.Size([1, 3])
    """

    columns: slice
    scores: Tensor
    first_row: int = 0


class ScoreBlocks(Protocol):
    """Scores S (Q, D), lazily, as blocks of documents; may be iterated any number of times.

    shape: (Q, D).
    floor: a document counts as retrieved when its raw score is above it (0 for sparse vectors,
    -inf for score matrices and runs, whose unseen documents score -inf).
    dtype: of the scores of all blocks.

    Example:
        >>> from sparsebench.search import MatrixScores
        >>> [block.scores.tolist() for block in MatrixScores(np.array([[1.0, 2.0, 3.0]]), block=2)]
        [[[1.0, 2.0]], [[3.0]]]
    """

    @property
    def shape(self) -> tuple[int, int]:
        """Number of queries and documents, (Q, D)."""
        ...

    @property
    def floor(self) -> float:
        """Raw score above which a document counts as retrieved."""
        ...

    @property
    def dtype(self) -> Literal["float32", "float64"]:
        """Type of the scores of all blocks."""
        ...

    def __iter__(self) -> Iterator[Block]:
        """Blocks in the order of documents."""
        ...

    def rows(self, start: int, stop: int) -> ScoreBlocks:
        """Return the blocks of the queries `start` to `stop` alone."""
        ...


@dataclass(frozen=True)
class Ranking:
    """The top k of each of Q queries, best first, ties already broken.

    documents: (Q, k) int64 positions in the collection, -1 where a query has fewer than k candidates.
    scores: (Q, k) float64, -inf where documents is -1.

    Example:
        >>> ranking = Ranking(np.array([[7, 2]]), np.array([[3.5, 1.0]]))
        >>> Ranking.stacked([ranking, ranking]).documents.tolist()
        [[7, 2], [7, 2]]
    """

    documents: np.ndarray
    scores: np.ndarray

    @classmethod
    def stacked(cls, parts: Sequence[Ranking]) -> Ranking:
        """One ranking of all queries of several."""
        return cls(np.concatenate([part.documents for part in parts]), np.concatenate([part.scores for part in parts]))


Run = Mapping[str, Mapping[str, float]]
"""query_id -> doc_id -> score, best first, no two scores of a query equal."""

PerQuery = Mapping[str, Mapping[str, float]]
"""measure -> query_id -> value."""
