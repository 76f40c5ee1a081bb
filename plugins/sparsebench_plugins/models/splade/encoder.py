"""A loaded masked language model as an encoder: one side for queries, one for documents."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from sparsebench import Encoded, Json, LoadedEncoder, ModelError, Role
from sparsebench.encoding import Activation, Decoder, Engine, Pooling, encode_in_batches, passed_over, prune, widen
from sparsebench.workers import workers
from sparsebench_plugins.models.splade.architecture import MaskedLM
from sparsebench_plugins.models.splade.tokenizer import TokenizerVocabulary

if TYPE_CHECKING:
    from scipy.sparse import csr_array


@dataclass(frozen=True)
class Side:
    """From the texts of one role to their vectors.

    decoder: pools the model's hidden states, by `engine`. length: most tokens of a text, special ones included.
    keep: entries that pruning leaves, None for all. output_ids: (W,) the only ids that can be active, None for all; the
    decoder then has these W rows alone.
    """

    model: MaskedLM
    decoder: Decoder
    engine: Engine
    vocabulary: TokenizerVocabulary
    length: int
    pooling: Pooling
    activation: Activation
    keep: int | None
    output_ids: np.ndarray | None
    batch_tokens: int

    def __post_init__(self) -> None:
        if self.model.longest is not None and self.length > self.model.longest:
            raise ModelError(
                f"the checkpoint takes texts of {self.model.longest} tokens at most, not {self.length}; lower "
                "max_query_length and max_document_length"
            )

    def encode(self, texts: Sequence[str]) -> Encoded:
        """Vectors of N texts (N, V)."""
        ids, truncated = self.vocabulary.tokenize(texts, length=self.length)
        lengths = np.fromiter(map(len, ids), np.int64, len(ids))

        def encode_batch(positions: np.ndarray) -> csr_array:
            return self._encode([ids[position] for position in positions], lengths[positions])

        vectors = encode_in_batches(
            encode_batch,
            lengths,
            budget=self.batch_tokens,
            size=self.vocabulary.size,
            parallel=self.model.on_cpu,
        )
        return Encoded(vectors, truncated)

    def describe(self) -> Mapping[str, Json]:
        """What the record says of it: class, attention kernel, engine, why not a faster one, threads."""
        return {
            **self.model.describe(),
            "engine": self.engine,
            "faster_engines": dict(passed_over(self.engine)) if self.model.on_cpu else {},
            "workers": workers() if self.model.on_cpu else 1,
        }

    def _encode(self, ids: Sequence[Sequence[int]], lengths: np.ndarray) -> csr_array:
        import torch

        with torch.inference_mode():
            hidden = self.model.hidden(ids)
            vectors = self.decoder(hidden, lengths, pooling=self.pooling, activation=self.activation)
        if self.output_ids is not None:
            vectors = widen(vectors, self.output_ids, self.vocabulary.size)
        return vectors if self.keep is None else prune(vectors, self.keep)


class LoadedSplade(LoadedEncoder):
    """Both sides in memory; they share the vocabulary."""

    def __init__(self, query: Side, document: Side) -> None:
        _check_shared(query.vocabulary, document.vocabulary)
        self.vocabulary: TokenizerVocabulary = document.vocabulary
        self._sides: Mapping[Role, Side] = {"query": query, "document": document}

    def encode(self, texts: Sequence[str], role: Role) -> Encoded:
        """As LoadedEncoder.encode."""
        return self._sides[role].encode(texts)

    def provenance(self) -> Mapping[str, Json]:
        """Of each side: class, attention kernel, engine."""
        return {role: side.describe() for role, side in self._sides.items()}


def _check_shared(query: TokenizerVocabulary, document: TokenizerVocabulary) -> None:
    """Scores are sums over shared dimensions, so both sides must mean the same by each."""
    if query.size != document.size:
        raise ModelError(f"query and document side have {query.size} and {document.size} output dimensions")
    for term_id in range(query.size):
        if query.token(term_id) != document.token(term_id):
            raise ModelError(
                f"query and document side do not share their vocabulary: dimension {term_id} is "
                f"{query.token(term_id)!r} for queries and {document.token(term_id)!r} for documents"
            )
