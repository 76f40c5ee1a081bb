"""What a plugin is: the classes that models, postprocessors, analyzers and collections implement.

Every parameter of a plugin is a keyword-only argument of its `__init__`, typed; ranges are given as
`Annotated[float, Gt(0)]` (annotated_types). Making an object is cheap and imports no torch; loading is explicit.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, ClassVar, Literal

import numpy as np

from benchmark.errors import ModelError
from benchmark.types import (
    Block,
    Document,
    Encoded,
    Json,
    Qrels,
    Query,
    Ranking,
    Role,
    Run,
    ScoreBlocks,
    Sees,
    Topics,
)

if TYPE_CHECKING:
    from scipy.sparse import csr_array
    from torch import Tensor

    from benchmark.record import Record


class Fetchable:
    """Something that may have to be downloaded."""

    def missing(self) -> Sequence[str]:
        """What is not at hand and where to get it, one line each; touches no network."""
        return ()

    def fetch(self) -> None:
        """Download what is missing."""


# ── models ──────────────────────────────────────────────────────────────────────────────────────────────────


class Vocabulary(ABC):
    """The output dimensions of an encoder, and the way from text to them."""

    size: int
    special_ids: frozenset[int] = frozenset()

    @abstractmethod
    def token(self, term_id: int) -> str:
        """The surface form of dimension `term_id`, 0 <= term_id < V."""

    @abstractmethod
    def token_ids(self, texts: Sequence[str]) -> list[list[int]]:
        """Ids of each text as it stands (the tokenizer's own normaliser applies), without special tokens,
        truncated at the tokenizer's maximum."""

    def unreachable_ids(self) -> frozenset[int]:
        """Ids that no lower-cased text can contain (METHODS 2.2), special and unused ones included."""
        return self.special_ids


class LoadedEncoder(ABC):
    """An encoder with its weights (or corpus statistics) in memory."""

    vocabulary: Vocabulary

    @abstractmethod
    def encode(self, texts: Sequence[str], role: Role) -> Encoded:
        """Vectors of `texts` (N, V); an empty text is allowed. The result does not depend on how texts are batched,
        but for float rounding."""

    def provenance(self) -> Mapping[str, Json]:
        """Facts for the record that are known after loading (attention kernel, path chosen)."""
        return {}


class SparseEncoder(Fetchable, ABC):
    """A model whose vectors depend on the text alone.

    expands_queries: whether the query side can have active dimensions that are not tokens of the query.
    """

    expands_queries: bool = True

    @abstractmethod
    def identity(self, role: Role) -> Mapping[str, Json]:
        """All that determines the bytes of `encode(…, role)`: weights and tokenizer digests, length, pooling, …
        Needs no torch. Raises ModelError where the checkpoint is not at hand, saying how to get it."""

    @abstractmethod
    def load(self, device: str) -> LoadedEncoder:
        """Load onto `device` ("cpu", "cuda", "cuda:1"); raises ModelError."""


class CollectionModel(Fetchable, ABC):
    """A model that is fitted to the corpus (BM25, idf-weighted query sides); its key includes the corpus digest."""

    expands_queries: bool = False

    @abstractmethod
    def identity(self, role: Role) -> Mapping[str, Json]:
        """As SparseEncoder.identity."""

    @abstractmethod
    def fit(self, documents: Callable[[], Iterator[Document]], device: str) -> LoadedEncoder:
        """Read the corpus (any number of passes; each call of `documents` is one) and return the encoder."""


class Scorer(Fetchable, ABC):
    """A system that gives scores for ids, without vectors."""

    dense: bool = False
    """Whether every document has a score (a matrix), or only some (a run: pool form only)."""

    @abstractmethod
    def identity(self) -> Mapping[str, Json]:
        """All that determines its scores: digests of its files."""

    def outside(self, doc_ids: np.ndarray) -> np.ndarray:
        """Ids (O,) bytes of documents that it ranks and that are not among `doc_ids` (D,); they keep their ranks."""
        return np.empty(0, dtype=doc_ids.dtype)

    @abstractmethod
    def score(self, queries: Sequence[Query], doc_ids: np.ndarray) -> ScoredIds:
        """Scores of `queries` for the documents `doc_ids` ((D + O,) bytes, UTF-8), those outside last."""

    def score_bank(
        self, queries: Sequence[Query], doc_ids: np.ndarray, *, same_collection: bool, own_gallery: bool = False
    ) -> ScoredIds:
        """Scores of bank queries for the collection's documents, or (own_gallery) for the bank's own.

        same_collection: whether the ids of these queries mean what they mean in `score`: those of different
        collections are equal by chance. Raises ModelError where there are no such scores.
        """
        if same_collection and not own_gallery:
            return self.score(queries, doc_ids)
        whose = "the bank's own documents" if own_gallery else "a bank that is not a part of the collection"
        raise ModelError(f"{type(self).__name__} has no scores for {whose}; a score_matrix can bring them")


@dataclass(frozen=True)
class ScoredIds:
    """What a Scorer returns.

    scores: (Q, D + O) of a floating type, read as float32: CSR whose unstored entries are unseen, or a dense array.
    notes: counts for the record, e.g. `{"queries_not_in_run": 3}`.
    """

    scores: csr_array | np.ndarray
    notes: Mapping[str, Json] = field(default_factory=dict)


Model = SparseEncoder | CollectionModel | Scorer


# ── postprocessors ──────────────────────────────────────────────────────────────────────────────────────────


@dataclass(frozen=True)
class FitContext:
    """What a postprocessor may need beside the score blocks of its fitting queries.

    query_texts: (B,) texts of the fitting queries, e.g. to weigh duplicates.
    bank_gallery: (B, E) scores of the bank's queries for the bank's own documents; None where the bank has none.
    """

    query_texts: Sequence[str] = ()
    bank_gallery: ScoreBlocks | None = None


@dataclass(frozen=True)
class State:
    """What `fit` learnt.

    arrays: named (D,) tensors, one value per document.
    blocks: the fitting blocks, for methods that read them again per query (`append`); None for all others.
    facts: for the record, e.g. how many scores were negative.
    """

    arrays: Mapping[str, Tensor] = field(default_factory=dict)
    blocks: ScoreBlocks | None = None
    facts: Mapping[str, Json] = field(default_factory=dict)


RowStats = Mapping[str, "Tensor"]
"""Named tensors (Q,) or (Q, D) that needed the whole row."""


class Postprocessor(ABC):
    """A correction of scores: `fit -> State -> apply` (METHODS 3).

    Blocks arrive already divided by the scale; `fit` sees exactly the queries that `sees` allows: none (`query`: it is
    not called), the bank, or all test queries (`batch`).
    """

    sees: ClassVar[Sees]
    reads_bank_gallery: ClassVar[bool] = False
    """Whether `fit` wants `FitContext.bank_gallery`, which costs the encoding of those documents."""

    @abstractmethod
    def fit(self, blocks: ScoreBlocks, context: FitContext) -> State:
        """Learn from the fitting queries' blocks."""

    def row_stats(self, blocks: ScoreBlocks, state: State) -> RowStats:
        """Values per query row that need the whole row; one pass. Most methods have none."""
        return {}

    @abstractmethod
    def apply(self, block: Block, state: State, row_stats: RowStats) -> Tensor:
        """Corrected scores (Q, d) of a block; only their order within a row matters."""


# ── analyzers ───────────────────────────────────────────────────────────────────────────────────────────────


@dataclass(frozen=True)
class GroupContext:
    """What a group analyzer may read: one model on one collection.

    documents: stream of the corpus. test, bank: topics (bank None where the collection has none).
    document_vectors: (D, V) CSR in corpus order. query_vectors: (Q, V) CSR of the test queries.
    encode_queries: texts -> (N, V) CSR through the store. search: (N, V) query vectors, k -> Ranking (score > 0 only).
    doc_ids: (D,) UTF-8 bytes. corpus_digest: hash of ids and texts. drop_own_id: whether a hit on a query's own id is
    dropped from its ranking (ArguAna, Quora).
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
    """What an analyzer found.

    values: small, part of every record it concerns. files: name -> text, beside them.
    summary: markdown for the leaderboard, below its tables.
    """

    values: Mapping[str, Json]
    files: Mapping[str, str] = field(default_factory=dict)
    summary: str = ""


class NotApplicable(Exception):
    """Raised by an analyzer for a model that lacks what it needs; the record says why and nothing fails."""


class GroupAnalyzer(ABC):
    """An analyzer of a model on a collection; computed once whatever the postprocessor."""

    level: ClassVar[Literal["group"]] = "group"

    @abstractmethod
    def analyze(self, context: GroupContext) -> Analysis:
        """Raises NotApplicable where the model lacks what it needs."""


@dataclass(frozen=True)
class CellContext:
    """What a cell analyzer may read: one run, as it lies on disk.

    documents: D, how many could be ranked. depth: how long a ranking can be.
    """

    run: Run
    qrels: Qrels
    documents: int
    depth: int


class CellAnalyzer(ABC):
    """An analyzer of one run: of a model with a postprocessor on a collection."""

    level: ClassVar[Literal["cell"]] = "cell"

    @abstractmethod
    def analyze(self, context: CellContext) -> Analysis:
        """Raises NotApplicable where the run cannot tell."""


@dataclass(frozen=True)
class SuiteContext:
    """What a suite analyzer may read: records, and per-query values of each (measure -> query_id -> value).

    baseline: the suite's, as labels of a model and a postprocessor.
    """

    records: Sequence[Record]
    per_query: Callable[[Record], Mapping[str, Mapping[str, float]]]
    baseline: tuple[str, str] | None = None


class SuiteAnalyzer(ABC):
    """An analyzer of all records of a suite; needs neither weights nor collections."""

    level: ClassVar[Literal["suite"]] = "suite"

    @abstractmethod
    def analyze(self, context: SuiteContext) -> Analysis:
        """Raises NotApplicable where the suite lacks what it compares."""


Analyzer = GroupAnalyzer | CellAnalyzer | SuiteAnalyzer


# ── collections ─────────────────────────────────────────────────────────────────────────────────────────────


class CollectionSource(Fetchable, ABC):
    """Where documents, queries and judgments come from. Documents stream."""

    name: str

    @abstractmethod
    def documents(self) -> Iterator[Document]:
        """One pass over the corpus. Raises CollectionError with `file:line`."""

    @abstractmethod
    def topics(self, split: str | None) -> Topics:
        """Queries and judgments of a split (None where the source is one split by itself)."""

    @abstractmethod
    def files(self) -> Iterable[Path]:
        """The files that determine the corpus; their size, time and digest key the cached corpus digest."""

    def where(self, position: int) -> str:
        """Where document number `position` (from 0) stands, for messages: `file:line` where there is a file."""
        return f"{self.name}, document {position + 1}"
