"""SPLADE-doc: only documents pass through the model; a query is its own tokens, so it costs no inference."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import islice
from typing import TYPE_CHECKING, Literal

import numpy as np

from sparsebench import CollectionModel, Document, Json, ModelError, Role
from sparsebench.provenance import digest, file_digest
from sparsebench.training import locate
from sparsebench_plugins.models.splade import (
    Checkpoint,
    CheckpointParameters,
    LoadedSplade,
    Positive,
    Side,
    StaticSide,
    Use,
    about,
    computed_by,
    fetch,
    identity_of,
    load_side,
    missing_lines,
    open_any_side,
    open_side,
    read_output_ids,
    static_weights,
    use_of,
    within,
)

if TYPE_CHECKING:
    from sparsebench_plugins.models.splade import TokenizerVocabulary

QueryWeights = Literal["binary", "idf", "checkpoint"]
DOCUMENTS_AT_ONCE = 1024


@dataclass(frozen=True, kw_only=True)
class SpladeDoc(CheckpointParameters, CollectionModel):
    """Documents as `splade` encodes them, and queries as their own tokens, each once, without special tokens.

    Example: `SpladeDoc(checkpoint="folder", query_weights="idf").fit(documents, "cpu").encode(["a text"], "query")`.
    """

    query_weights: QueryWeights | None = None
    """`binary`, 1 for every token (Formal et al. 2021, SPLADE-doc); `idf`, ln((N + 1) / (df + 1)) + 1 over the corpus,
    split by the checkpoint's tokenizer and cut at its maximum; or `checkpoint`, the weights that come with it (a
    SparseStaticEmbedding, idf.json, query_token_weights.txt). What the checkpoint declares, else `binary`."""

    max_query_length: Positive | None = None
    """Tokens, no special ones among them, after which a query is cut; what the checkpoint declares, else 256."""

    def __post_init__(self) -> None:
        locate(self.checkpoint, self.revision)  # says now what is wrong with how the checkpoint is named
        _ = self.trust

    def identity(self, role: Role) -> Mapping[str, Json]:
        """Return everything that determines the vectors of a role; of the corpus only `idf` depends."""
        documents = self._open()
        if role == "document":
            return identity_of(self, documents, role)
        queries, weights = self._queries(), self._weights()
        if weights == "checkpoint" and queries.declared.static is not None:
            return {**identity_of(self, queries, role), "query_weights": weights}
        use, ids, path = (
            use_of(self, queries, role),
            read_output_ids(self.output_vocabulary),
            queries.declared.token_weights,
        )
        return {
            "files": dict(documents.digests()),
            "query_weights": weights,
            "token_weights": file_digest(path) if path is not None and weights == "checkpoint" else None,
            "length": use.length,
            "prompt": use.prompt,
            "prune": use.keep,
            "prune_ratio": use.ratio,
            "output_ids": None if ids is None else digest(ids.tolist()),
        }

    def computed_by(self, role: Role, device: str) -> Mapping[str, Json]:
        """Name what encodes documents; queries are looked up."""
        return computed_by(self, self._open(), device) if role == "document" else {}

    def fit(self, documents: Callable[[], Iterator[Document]], device: str) -> LoadedSplade:
        """Load it; the corpus is read for `idf` alone, once."""
        weights = self._weights()
        side = load_side(self, self._open(), "document", device)
        queries = self._queries()
        if weights == "checkpoint" and queries.declared.static is not None:
            return LoadedSplade(load_side(self, queries, "query", device), side)
        return LoadedSplade(self._query_side(queries, side, weights, documents), side)

    def about(self) -> Mapping[str, Json]:
        """Lengths, what the suite overrides, whether it is as its authors ran it, what it was trained on."""
        documents, queries = self._open(), self._queries()
        uses: dict[Role, tuple[Checkpoint, Use]] = {
            "query": (queries, use_of(self, queries, "query")),
            "document": (documents, use_of(self, documents, "document")),
        }
        weights = self._weights()
        said = "weights of tokens" if weights == "checkpoint" else weights
        return about(self, said, uses)

    def missing(self) -> Sequence[str]:
        """Say what is not at hand, or only in part."""
        return missing_lines([locate(self.checkpoint, self.revision)], self.files, [self._open, self._queries])

    def fetch(self) -> None:
        """Download what is missing; raises SparsebenchError."""
        fetch([locate(self.checkpoint, self.revision)], self.files, self.trust, [self._open, self._queries])

    def _open(self) -> Checkpoint:
        return open_side(self, locate(self.checkpoint, self.revision), "document")

    def _queries(self) -> Checkpoint:
        """Open the checkpoint's query side, also where the folder of its document route was given."""
        return open_any_side(self, locate(self.checkpoint, self.revision), "query")

    def _weights(self) -> QueryWeights:
        """Choose the weights of queries; raises ModelError where that would be another model than the checkpoint's."""
        queries = self._queries()
        declared = queries.declared
        own = declared.transformer is None or declared.token_weights is not None
        weights = self.query_weights or ("checkpoint" if own else "binary")
        known = queries.known
        is_told = self.activation is not None or (known is not None and known.activation is not None)
        if declared.token_weights is not None and weights == "checkpoint" and not is_told:
            raise ModelError(
                f"checkpoint {self.checkpoint!r}: its files do not say whether documents take one logarithm or two. "
                "`activation: relu` is one, `activation: log1p_relu` two (OpenSearch's doc-v3 models)"
            )
        if weights == "checkpoint" and not own:
            raise ModelError(f"checkpoint {self.checkpoint!r} brings no weights of tokens; leave `query_weights` out")
        if self.query_weights is None and declared.root and declared.transformer not in (None, self._open().folder):
            raise ModelError(
                f"checkpoint {self.checkpoint!r} has an encoder of its own for queries: the model `splade` uses it; "
                "`query_weights: binary` replaces it"
            )
        return weights

    def _query_side(
        self, queries: Checkpoint, side: Side, weights: QueryWeights, documents: Callable[[], Iterator[Document]]
    ) -> StaticSide:
        vocabulary = side.vocabulary
        if weights == "checkpoint":
            values = static_weights(queries, vocabulary)
        elif weights == "idf":
            values = idf(vocabulary, (document.text for document in documents()))
        else:
            values = np.ones(vocabulary.size)
        kept = within(values.astype(np.float32), read_output_ids(self.output_vocabulary))
        return StaticSide(vocabulary, use_of(self, queries, "query"), kept)


def idf(vocabulary: TokenizerVocabulary, texts: Iterator[str]) -> np.ndarray:
    """Compute ln((N + 1) / (df + 1)) + 1 for each of V ids over N texts, (V,) float64."""
    df = np.zeros(vocabulary.size, np.int64)
    total = 0
    while some := list(islice(texts, DOCUMENTS_AT_ONCE)):
        total += len(some)
        for ids in vocabulary.token_ids(some):
            df[list(set(ids))] += 1
    return np.log((total + 1) / (df + 1)) + 1
