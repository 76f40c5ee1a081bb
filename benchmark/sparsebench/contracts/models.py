"""Models: encoders of text, models fitted to the corpus, and systems that give scores for ids."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, ClassVar

import numpy as np

from sparsebench.contracts.fetchable import Fetchable
from sparsebench.device import kind
from sparsebench.errors import ModelError
from sparsebench.types import Candidates, Document, Encoded, Json, Query, Role

if TYPE_CHECKING:
    from scipy.sparse import csr_array

    from sparsebench.media import MediaItem


class Vocabulary(ABC):
    """The output dimensions of an encoder, and the way from text to them.

    Example:
        >>> class Letters(Vocabulary):
        ...     size = 3
        ...     def token(self, term_id):
        ...         return "abc"[term_id]
        ...     def token_ids(self, texts):
        ...         return [["abc".index(letter) for letter in text if letter in "abc"] for text in texts]
        >>> Letters().token_ids(["a cab"])
        [[0, 2, 0, 1]]
    """

    size: int
    special_ids: frozenset[int] = frozenset()
    is_latent: bool = False
    """Whether dimensions have no surface form, as those of sparse autoencoders: what reads forms is then undefined."""

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
    """An encoder with its weights (or corpus statistics) in memory.

    Example:
        >>> from scipy.sparse import csr_array
        >>> class Counts(LoadedEncoder):
        ...     def encode(self, texts, role):
        ...         counts = [[text.count(letter) for letter in "abc"] for text in texts]
        ...         return Encoded(csr_array(np.array(counts, dtype=np.float32)))
        >>> Counts().encode(["a cab"], "document").vectors.toarray().tolist()
        [[2.0, 1.0, 1.0]]
    """

    vocabulary: Vocabulary

    @abstractmethod
    def encode(self, texts: Sequence[str], role: Role) -> Encoded:
        """Vectors of `texts` (N, V); an empty text is allowed. The result does not depend on how texts are batched,
        but for float rounding."""

    def encode_items(self, items: Sequence[MediaItem]) -> Encoded:
        """Vectors (N, V) of clips or images. Raises ModelError: most encoders read texts alone."""
        raise ModelError(f"{type(self).__name__} reads texts alone, and not {items[0].path.name}")

    def foresee(self, texts: Sequence[str], role: Role) -> None:
        """Be told which texts come next, while others are encoded: an encoder on a GPU may prepare
        them in a thread. Doing nothing is right."""

    def provenance(self) -> Mapping[str, Json]:
        """Facts for the record that are known after loading (attention kernel, path chosen)."""
        return {}


class Model(Fetchable, ABC):
    """Base of every form of model, before it is loaded; a plugin derives from one of the forms below.

    A new form is a class here, an adapter in `sparsebench.evaluate.forms` and its rules in `sparsebench.testing`.

    reads_corpus: whether it is fitted to the corpus, so that its key includes the corpus' digest.
    stored_as: the kind of artefact that its documents become in the store; None where it encodes none.
    default_candidates: which documents may be ranked where a suite does not say.
    reads_media: whether it looks at items (clips, images); one that reads texts alone is refused where there are any.
    """

    reads_corpus: ClassVar[bool] = False
    reads_media: ClassVar[bool] = False
    stored_as: ClassVar[str | None] = None
    default_candidates: ClassVar[Candidates] = "retrieved"
    dense: bool = True

    def unsuited(self, items: Role | None) -> str | None:
        """Return why it cannot work on a collection, in words that follow its name; None where it can.

        items: the side of the collection that is looked at (clips, images), None where all is text.
        """
        return None

    def about(self) -> Mapping[str, Json]:
        """Facts for plan, record and table that nothing has to be loaded for, and that no key depends on.

        These are read by the harness where they are there: `lengths` {role: most tokens, None for all}, `overrides`
        (texts: what the suite says in place of the checkpoint), `as_authors` {`answer`: yes or no, `because`: texts},
        `trained_on` (ids of collections, or beginnings of such). Raises ModelError where the model is not at hand.
        """
        return {}

    @abstractmethod
    def identity_of(self, role: Role) -> Mapping[str, Json]:
        """Return all that determines what it makes of texts in this role; the same for both where roles mean nothing to
        it.
        """

    def computed_by(self, role: Role, device: str) -> Mapping[str, Json]:
        """Name what of `device` determines the bytes beside the identity: its kind, the engine on a CPU.

        Empty where the device computes nothing of it, so that what one machine made serves another.
        """
        return {"device": kind(device)}


class VectorModel(Model, ABC):
    """Base of models that make sparse vectors.

    expands_queries: whether the query side can have active dimensions that are not tokens of the query.
    """

    stored_as: ClassVar[str | None] = "vectors"
    expands_queries: bool = True

    @abstractmethod
    def identity(self, role: Role) -> Mapping[str, Json]:
        """Return all that determines the bytes of `encode(…, role)`."""

    def unsuited(self, items: Role | None) -> str | None:
        """Raise no objection to text; to clips and images where it reads texts alone."""
        looked_at = {"document": "documents", "query": "queries"}
        if items is None or self.reads_media:
            return None
        return f"reads texts alone, and the {looked_at[items]} of this collection are clips or images"

    def identity_of(self, role: Role) -> Mapping[str, Json]:
        """Return the identity in this role."""
        return self.identity(role)

    @abstractmethod
    def encoder_for(self, documents: Callable[[], Iterator[Document]], device: str) -> LoadedEncoder:
        """Load it onto `device` for a collection; each call of `documents` is one pass over its corpus."""


class SparseEncoder(VectorModel, ABC):
    """A model whose vectors depend on the text alone.

    Example:
        >>> class Letters(SparseEncoder):
        ...     def identity(self, role):
        ...         return {"letters": "abc"}
        ...     def load(self, device):
        ...         return Counts()  # a LoadedEncoder
        >>> Letters().identity_of("query")
        {'letters': 'abc'}
    """

    @abstractmethod
    def identity(self, role: Role) -> Mapping[str, Json]:
        """Return all that determines the bytes of `encode(…, role)`: weights and tokenizer digests, length, pooling, …
        Needs no torch. Raises ModelError where the checkpoint is not at hand, saying how to get it."""

    @abstractmethod
    def load(self, device: str) -> LoadedEncoder:
        """Load onto `device` ("cpu", "cuda", "cuda:1"); raises ModelError."""

    def encoder_for(self, documents: Callable[[], Iterator[Document]], device: str) -> LoadedEncoder:
        """Load it; the corpus is not read."""
        return self.load(device)


class CollectionModel(VectorModel, ABC):
    """A model that is fitted to the corpus (BM25, idf-weighted query sides); its key includes the corpus digest.

    Example:
        >>> class Frequencies(CollectionModel):
        ...     def identity(self, role):
        ...         return {}
        ...     def fit(self, documents, device):
        ...         return Weighted(Counter(word for document in documents() for word in document.text.split()))
        >>> Frequencies.reads_corpus
        True
    """

    reads_corpus: ClassVar[bool] = True
    expands_queries: bool = False

    @abstractmethod
    def identity(self, role: Role) -> Mapping[str, Json]:
        """Return what determines features and scores, as `SparseEncoder.identity` does."""

    @abstractmethod
    def fit(self, documents: Callable[[], Iterator[Document]], device: str) -> LoadedEncoder:
        """Read the corpus (any number of passes; each call of `documents` is one) and return the encoder."""

    def encoder_for(self, documents: Callable[[], Iterator[Document]], device: str) -> LoadedEncoder:
        """Fit it to the corpus."""
        return self.fit(documents, device)


class Scorer(Model, ABC):
    """A system that gives scores for ids, without vectors.

    Example:
        >>> class Lengths(Scorer):
        ...     def identity(self):
        ...         return {"scores": "lengths of ids"}
        ...     def score(self, queries, doc_ids):
        ...         return ScoredIds(np.tile(np.char.str_len(doc_ids).astype(np.float32), (len(queries), 1)))
        >>> Lengths().score([Query("q1", "tea")], np.array([b"d1", b"d10"])).scores.tolist()
        [[2.0, 3.0]]
    """

    default_candidates: ClassVar[Candidates] = "all"
    dense: bool = False
    """Whether every document has a score (a matrix), or only some (a run: pool form only). A pair that a dense system
    leaves out is one it does not retrieve; one that a run leaves out may stand anywhere beyond its depth."""

    @abstractmethod
    def identity(self) -> Mapping[str, Json]:
        """Return all that determines its scores: digests of its files."""

    def identity_of(self, role: Role) -> Mapping[str, Json]:
        """Return the identity, whatever the role."""
        return self.identity()

    def computed_by(self, role: Role, device: str) -> Mapping[str, Json]:
        """Name nothing: its scores are given."""
        return {}

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
    """Result of a Scorer.

    scores: (Q, D + O) of a floating type, float64 kept and others read as float32: a dense array, or CSR whose unstored
    entries are unseen.
    notes: counts for the record, e.g. `{"queries_not_in_run": 3}`.

    Example:
        >>> ScoredIds(np.zeros((2, 3), np.float32), {"queries_not_in_run": 1}).scores.shape
        (2, 3)
    """

    scores: csr_array | np.ndarray
    notes: Mapping[str, Json] = field(default_factory=dict)
