"""A loaded checkpoint as an encoder: one side for queries, one for documents."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from sparsebench import Encoded, Json, LoadedEncoder, ModelError, Role
from sparsebench.encoding import (
    Activation,
    Decoder,
    Engine,
    Pooling,
    encode_in_batches,
    passed_over,
    prune,
    prune_ratio,
    widen,
)
from sparsebench.workers import workers
from sparsebench_plugins.models.splade.architecture import MaskedLM
from sparsebench_plugins.models.splade.static import own_tokens
from sparsebench_plugins.models.splade.tokenizer import TokenizerVocabulary

if TYPE_CHECKING:
    from scipy.sparse import csr_array


@dataclass(frozen=True)
class Use:
    """How the texts of one role are treated, whatever encodes them.

    Example: `Use(length=256, prompt="query: ", keep=50).pruned(vectors)`.
    """

    length: int | None
    """The most tokens of a text, special ones included; None for all of them."""
    prompt: str = ""
    """Text before each text."""
    keep: int | None = None
    """The largest entries that pruning leaves; None for all."""
    ratio: float | None = None
    """Entries at or below this share of a text's largest one are dropped first; None for none."""

    def prompted(self, texts: Sequence[str]) -> Sequence[str]:
        """Put the prompt before each text."""
        return [self.prompt + text for text in texts] if self.prompt else texts

    def pruned(self, vectors: csr_array) -> csr_array:
        """Drop the small entries of vectors (N, V)."""
        if self.ratio is not None:
            vectors = prune_ratio(vectors, self.ratio)
        return vectors if self.keep is None else prune(vectors, self.keep)


class Side(ABC):
    """From the texts of one role to their vectors."""

    vocabulary: TokenizerVocabulary
    use: Use

    @abstractmethod
    def encode(self, texts: Sequence[str]) -> Encoded:
        """Make vectors (N, V) of N texts."""

    @abstractmethod
    def describe(self) -> Mapping[str, Json]:
        """Say for the record what encodes."""


@dataclass(frozen=True)
class StaticSide(Side):
    """Texts that pass through no model: their own tokens, without special ones, with weights (V,)."""

    vocabulary: TokenizerVocabulary
    use: Use
    weights: np.ndarray

    def encode(self, texts: Sequence[str]) -> Encoded:
        """Look up the weights of each text's tokens."""
        prompted = self.use.prompted(texts)
        ids, truncated = self.vocabulary.tokenize(prompted, length=self.use.length, special_tokens=False)
        return Encoded(self.use.pruned(own_tokens(ids, self.weights)), truncated)

    def describe(self) -> Mapping[str, Json]:
        """Say that nothing is inferred."""
        return {"architecture": "weights of tokens"}


@dataclass(frozen=True)
class ModelSide(Side):
    """Texts that pass through a masked language model.

    decoder: pools the model's hidden states, by `engine`. output_ids: (W,) the only ids that can be active, None for
    all; the decoder then has these W rows alone. own: weights (V,) of the text's own tokens, special ones included, by
    which a text is multiplied so that it does not expand; None where it does.
    """

    model: MaskedLM
    decoder: Decoder
    engine: Engine
    vocabulary: TokenizerVocabulary
    use: Use
    pooling: Pooling
    activation: Activation
    output_ids: np.ndarray | None
    batch_tokens: int
    own: np.ndarray | None = None

    def __post_init__(self) -> None:
        longest = self.model.longest
        if longest is not None and (self.use.length is None or self.use.length > longest):
            asked = f"not {self.use.length}" if self.use.length else "and bounds no text itself"
            raise ModelError(
                f"the checkpoint takes texts of {longest} tokens at most, {asked}; lower "
                f"max_query_length and max_document_length to {longest} or less"
            )

    def encode(self, texts: Sequence[str]) -> Encoded:
        """Run the model on batches of texts of like length."""
        ids, truncated = self.vocabulary.tokenize(self.use.prompted(texts), length=self.use.length)
        lengths = np.fromiter(map(len, ids), np.int64, len(ids))

        def encode_batch(positions: np.ndarray) -> csr_array:
            return self._infer([ids[position] for position in positions], lengths[positions])

        vectors = encode_in_batches(
            encode_batch,
            lengths,
            budget=self.batch_tokens,
            size=self.vocabulary.size,
            parallel=self.model.on_cpu,
        )
        return Encoded(vectors, truncated)

    def describe(self) -> Mapping[str, Json]:
        """Name class, attention kernel, engine, why not a faster one, threads."""
        return {
            **self.model.describe(),
            "engine": self.engine,
            "faster_engines": dict(passed_over(self.engine)) if self.model.on_cpu else {},
            "workers": workers() if self.model.on_cpu else 1,
        }

    def _infer(self, ids: Sequence[Sequence[int]], lengths: np.ndarray) -> csr_array:
        import torch

        with torch.inference_mode():
            hidden = self.model.hidden(ids)
            vectors = self.decoder(hidden, lengths, pooling=self.pooling, activation=self.activation)
        if self.output_ids is not None:
            vectors = widen(vectors, self.output_ids, self.vocabulary.size)
        if self.own is not None:
            vectors = _times(vectors, own_tokens(ids, self.own))
        return self.use.pruned(vectors)


class LoadedSplade(LoadedEncoder):
    """Both sides in memory; they share the vocabulary."""

    def __init__(self, query: Side, document: Side) -> None:
        _check_shared(query.vocabulary, document.vocabulary)
        self.vocabulary: TokenizerVocabulary = document.vocabulary
        self._sides: Mapping[Role, Side] = {"query": query, "document": document}

    def encode(self, texts: Sequence[str], role: Role) -> Encoded:
        """Encode texts in one role."""
        return self._sides[role].encode(texts)

    def provenance(self) -> Mapping[str, Json]:
        """Say of each side what encodes."""
        return {role: side.describe() for role, side in self._sides.items()}


def _times(vectors: csr_array, own: csr_array) -> csr_array:
    """The product of two matrices (N, V), entry by entry, with sorted indices and no zeros."""
    product = vectors.multiply(own).tocsr().astype(np.float32)
    product.eliminate_zeros()
    product.sort_indices()
    return product


def _check_shared(query: TokenizerVocabulary, document: TokenizerVocabulary) -> None:
    """Scores are sums over shared dimensions, so both sides must mean the same by each."""
    if query is document:
        return
    if query.size != document.size:
        raise ModelError(f"query and document side have {query.size} and {document.size} output dimensions")
    for term_id in range(query.size):
        if query.token(term_id) != document.token(term_id):
            raise ModelError(
                f"query and document side do not share their vocabulary: dimension {term_id} is "
                f"{query.token(term_id)!r} for queries and {document.token(term_id)!r} for documents"
            )
