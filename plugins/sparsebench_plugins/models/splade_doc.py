"""SPLADE-doc: only documents pass through the model; a query is its own tokens, so it costs no inference."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import numpy as np
from annotated_types import Ge

from sparsebench import CollectionModel, Document, Encoded, Json, LoadedEncoder, Role
from sparsebench.encoding import Activation, AnyEngine, Pooling, csr
from sparsebench.provenance import digest
from sparsebench_plugins.models.splade import Splade
from sparsebench_plugins.models.splade.encoder import Side
from sparsebench_plugins.models.splade.output_ids import read_output_ids

if TYPE_CHECKING:
    from scipy.sparse import csr_array

    from sparsebench_plugins.models.splade.tokenizer import TokenizerVocabulary

DOCUMENTS_AT_ONCE = 1024


@dataclass(frozen=True, kw_only=True)
class SpladeDoc(CollectionModel):
    """Documents as `splade` encodes them, and queries as their own tokens, each once, without special tokens."""

    checkpoint: str
    """A hub id, a folder, or `package:IMPORTNAME/FOLDER`; any masked language model of transformers, or a folder of
    sentence-transformers' SparseEncoder."""

    revision: str | None = None
    """The commit of a hub id, 40 hex digits; needed for a hub id, and for nothing else."""

    query_weights: Literal["binary", "idf"] = "binary"
    """`binary`, 1 for every token (Formal et al. 2021, SPLADE-doc); or `idf`, ln((N + 1) / (df + 1)) + 1 over the
    corpus, split by the checkpoint's tokenizer and cut at its maximum."""

    pooling: Pooling | None = None
    """How the logits of a text's tokens become one; the checkpoint's modules.json if it has one, else `max`."""

    activation: Activation | None = None
    """`relu` is SPLADE's ln(1 + relu(.)), `log1p_relu` takes ln(1 + .) once more, as sentence-transformers names them;
    the checkpoint's modules.json if it has one, else `relu`."""

    max_query_length: Annotated[int, Ge(1)] = 256
    """Tokens, no special ones among them, after which a query is cut."""

    max_document_length: Annotated[int, Ge(3)] = 256
    """Tokens, special ones included, after which a document is cut."""

    document_prune: Annotated[int, Ge(1)] | None = None
    """Keep only the n largest entries of a document."""

    output_vocabulary: Annotated[int, Ge(1)] | Path | None = None
    """The ids that may be active: those below a number, or a file with one id a line."""

    allow_bin: bool = False
    """Read a checkpoint that has no safetensors file, with torch's weights_only."""

    trust_remote_code: bool = False
    """Run the code that a checkpoint brings."""

    dtype: Literal["float32"] = "float32"
    """The precision of weights and activations."""

    batch_tokens: Annotated[int, Ge(1)] | None = None
    """Tokens encoded at once, padding included; changes the vectors by rounding only. None: 1024 on a CPU, where they
    stay in the cache of a core, 4096 on a GPU."""

    engine: AnyEngine = "auto"
    """How logits are computed and pooled on a CPU; changes the vectors by rounding only. `auto`: the fastest of
    `exact_bf16`, `exact_int8`, `numba` and `reference` that this machine has. A GPU has the last."""

    def __post_init__(self) -> None:
        self._documents()  # says now what is wrong with how the checkpoint is named

    def identity(self, role: Role) -> Mapping[str, Json]:
        """As CollectionModel.identity; of the corpus only `idf` depends."""
        if role == "document":
            return self._documents().identity("document")
        ids = read_output_ids(self.output_vocabulary)
        return {
            "files": dict(self._documents().open("document").digests()),
            "query_weights": self.query_weights,
            "length": self.max_query_length,
            "output_ids": None if ids is None else digest(ids.tolist()),
        }

    def computed_by(self, role: Role, device: str) -> Mapping[str, Json]:
        """Name what encodes documents; queries are looked up."""
        return self._documents().computed_by("document", device) if role == "document" else {}

    def fit(self, documents: Callable[[], Iterator[Document]], device: str) -> LoadedEncoder:
        """As CollectionModel.fit; reads the corpus for `idf` alone, once."""
        side = self._documents().load_side("document", device)
        weights = np.ones(side.vocabulary.size)
        if self.query_weights == "idf":
            weights = idf(side.vocabulary, (document.text for document in documents()))
        if side.output_ids is not None:
            weights[np.setdiff1d(np.arange(len(weights)), side.output_ids)] = 0
        return LoadedSpladeDoc(side, weights, self.max_query_length)

    def missing(self) -> Sequence[str]:
        """As Fetchable.missing."""
        return self._documents().missing()

    def fetch(self) -> None:
        """As Fetchable.fetch."""
        self._documents().fetch()

    def _documents(self) -> Splade:
        return Splade(
            checkpoint=self.checkpoint,
            revision=self.revision,
            pooling=self.pooling,
            activation=self.activation,
            max_document_length=self.max_document_length,
            document_prune=self.document_prune,
            output_vocabulary=self.output_vocabulary,
            allow_bin=self.allow_bin,
            trust_remote_code=self.trust_remote_code,
            dtype=self.dtype,
            batch_tokens=self.batch_tokens,
            engine=self.engine,
        )


def idf(vocabulary: TokenizerVocabulary, texts: Iterator[str]) -> np.ndarray:
    """ln((N + 1) / (df + 1)) + 1 for each of V ids over N texts, (V,) float64."""
    df = np.zeros(vocabulary.size, np.int64)
    total = 0
    while some := list(islice(texts, DOCUMENTS_AT_ONCE)):
        total += len(some)
        for ids in vocabulary.token_ids(some):
            df[list(set(ids))] += 1
    return np.log((total + 1) / (df + 1)) + 1


class LoadedSpladeDoc(LoadedEncoder):
    """The document encoder, and a weight for each id (V,) >= 0 on the query side; an id of weight 0 is never active."""

    def __init__(self, documents: Side, weights: np.ndarray, max_query_length: int) -> None:
        self.vocabulary: TokenizerVocabulary = documents.vocabulary
        self._documents = documents
        self._weights = weights.astype(np.float32)
        self._max_query_length = max_query_length

    def encode(self, texts: Sequence[str], role: Role) -> Encoded:
        """As LoadedEncoder.encode."""
        if role == "document":
            return self._documents.encode(texts)
        ids, truncated = self.vocabulary.tokenize(texts, length=self._max_query_length, special_tokens=False)
        return Encoded(self._weigh(ids), truncated)

    def provenance(self) -> Mapping[str, Json]:
        """Of the document side: class, attention kernel, engine."""
        return {"document": self._documents.describe()}

    def _weigh(self, ids: Sequence[Sequence[int]]) -> csr_array:
        unique = [np.unique(np.array(text, np.int64)) for text in ids]
        present = [terms[self._weights[terms] > 0] for terms in unique]
        columns = np.concatenate([np.empty(0, np.int64), *present])
        sizes = np.array([len(terms) for terms in present], np.int64)
        return csr(self._weights[columns], columns, sizes, self.vocabulary.size)
