"""A loaded checkpoint as an encoder: one side for queries, one for documents."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from typing import TYPE_CHECKING

import numpy as np

from sparsebench import Encoded, Json, LoadedEncoder, ModelError, Role
from sparsebench.device import pinned
from sparsebench.encoding import (
    Activation,
    Decoder,
    DeviceDecoder,
    Engine,
    Pooling,
    Running,
    States,
    encode_in_batches,
    encode_on_device,
    passed_over,
    prune,
    prune_ratio,
    widen,
)
from sparsebench.workers import workers
from sparsebench_plugins.models.splade.architecture import MaskedLM
from sparsebench_plugins.models.splade.foreseen import Foreseen
from sparsebench_plugins.models.splade.static import own_tokens
from sparsebench_plugins.models.splade.tokenizer import TokenizerVocabulary

if TYPE_CHECKING:
    from scipy.sparse import csr_array

MAXIMA_BYTES = 2**29
"""Of the maxima (n, V) of a batch on a GPU."""


@dataclass(frozen=True)
class Use:
    """Treatment of the texts of one role, whatever encodes them.

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
    """Encoder of the texts of one role."""

    vocabulary: TokenizerVocabulary
    use: Use

    @abstractmethod
    def encode(self, texts: Sequence[str]) -> Encoded:
        """Make vectors (N, V) of N texts."""

    def foresee(self, texts: Sequence[str]) -> None:
        """Prepare texts that will be encoded next, beside what is encoded now; None does so by itself."""

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
    decoder: Decoder | DeviceDecoder
    engine: Engine
    vocabulary: TokenizerVocabulary
    use: Use
    pooling: Pooling
    activation: Activation
    output_ids: np.ndarray | None
    batch_tokens: int
    own: np.ndarray | None = None
    foreseen: Foreseen = field(default_factory=Foreseen, compare=False)

    def __post_init__(self) -> None:
        longest = self.model.longest
        if longest is not None and (self.use.length is None or self.use.length > longest):
            asked = f"not {self.use.length}" if self.use.length else "and bounds no text itself"
            raise ModelError(
                f"the checkpoint takes texts of {longest} tokens at most, {asked}; lower "
                f"max_query_length and max_document_length to {longest} or less"
            )

        special = self.vocabulary.added
        if self.use.length is not None and self.use.length < special:
            raise ModelError(
                f"a length of {self.use.length} tokens: the tokenizer alone adds {special} special ones, and cuts no "
                "text at fewer; raise max_query_length and max_document_length, or what the folder declares"
            )

    def encode(self, texts: Sequence[str]) -> Encoded:
        """Run the model on batches of texts of like length."""
        ids, truncated = self.foreseen.tokens(texts) or self._tokenize(texts)
        lengths = np.fromiter(map(len, ids), np.int64, len(ids))
        size, budget = self.vocabulary.size, self.batch_tokens
        if isinstance(self.decoder, DeviceDecoder):
            most = max(1, MAXIMA_BYTES // (4 * size))
            launch = partial(self._launch, self.decoder, ids)
            return Encoded(encode_on_device(launch, lengths, budget=budget, most=most, size=size), truncated)
        infer = partial(self._infer, self.decoder, ids, lengths)
        return Encoded(encode_in_batches(infer, lengths, budget=budget, size=size, parallel=True), truncated)

    def foresee(self, texts: Sequence[str]) -> None:
        """Split texts into tokens while a GPU computes others; a CPU has no thread to spare."""
        if not self.model.on_cpu:
            self.foreseen.begin(texts, self._tokenize)

    def _tokenize(self, texts: Sequence[str]) -> tuple[list[list[int]], int]:
        return self.vocabulary.tokenize(self.use.prompted(texts), length=self.use.length)

    def describe(self) -> Mapping[str, Json]:
        """Name class, attention kernel, engine, why not a faster one, threads."""
        return {
            **self.model.describe(),
            "engine": self.engine,
            **self._fallback(),
            "faster_engines": dict(passed_over(self.engine)) if self.model.on_cpu else {},
            "workers": workers() if self.model.on_cpu else 1,
        }

    def _fallback(self) -> Mapping[str, Json]:
        """Return why the reference pools in the place of the engine."""
        reason = self.decoder.fallback if isinstance(self.decoder, DeviceDecoder) else None
        return {} if reason is None else {"reference_because": reason}

    def _infer(
        self, decoder: Decoder, ids: Sequence[Sequence[int]], lengths: np.ndarray, positions: np.ndarray
    ) -> csr_array:
        import torch

        own = [ids[position] for position in positions]
        with torch.inference_mode():
            hidden = self.model.hidden(own)
            vectors = decoder(hidden, lengths[positions], pooling=self.pooling, activation=self.activation)
        return self.finished(vectors, own)

    def _launch(self, decoder: DeviceDecoder, ids: Sequence[Sequence[int]], positions: np.ndarray) -> OnDevice:
        import torch

        own = [ids[position] for position in positions]
        with torch.inference_mode(), pinned("tf32" if self.model.dtype == "tf32" else "float32"):
            states = States.of(*self.model.states(own), self.pooling)
            return OnDevice(self, decoder.launch(states, self.pooling, self.activation), own)

    def finished(self, vectors: csr_array, ids: Sequence[Sequence[int]]) -> csr_array:
        """Finish pooled vectors (n, W) of texts given as ids: put them at their own ids, keep own tokens, prune."""
        if self.output_ids is not None:
            vectors = widen(vectors, self.output_ids, self.vocabulary.size)
        if self.own is not None:
            vectors = _times(vectors, own_tokens(ids, self.own))
        return self.use.pruned(vectors)


@dataclass(frozen=True)
class OnDevice:
    """A batch that a GPU is at work on."""

    side: ModelSide
    running: Running
    ids: Sequence[Sequence[int]]

    def settle(self) -> None:
        """Have its entries sent."""
        import torch

        with torch.inference_mode():
            self.running.settle()

    def take(self) -> csr_array:
        """Take its vectors."""
        return self.side.finished(self.running.take(), self.ids)


class LoadedSplade(LoadedEncoder):
    """Loaded SPLADE model, both sides in memory; they share the vocabulary."""

    def __init__(self, query: Side, document: Side) -> None:
        _check_shared(query.vocabulary, document.vocabulary)
        self.vocabulary: TokenizerVocabulary = document.vocabulary
        self._sides: Mapping[Role, Side] = {"query": query, "document": document}

    def encode(self, texts: Sequence[str], role: Role) -> Encoded:
        """Encode texts in one role."""
        return self._sides[role].encode(texts)

    def foresee(self, texts: Sequence[str], role: Role) -> None:
        """Split texts into tokens ahead of time."""
        self._sides[role].foresee(texts)

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
