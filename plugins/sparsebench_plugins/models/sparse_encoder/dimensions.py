"""The dimensions of a SparseEncoder: which have a surface form, and which."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from sparsebench import Vocabulary


def _last_modules(encoder: Any) -> list[Any]:
    """The module that gives the vectors, of every route where the last one is a router."""
    last = list(encoder.children())[-1]
    routes = getattr(last, "sub_modules", None)
    return [last] if routes is None else [list(route.children())[-1] for route in routes.values()]


def _has_surface_forms(module: Any) -> bool:
    """Return whether dimensions are entries of the tokenizer; of code that derives from neither class nobody knows."""
    from sentence_transformers.sparse_encoder.modules import SparseStaticEmbedding, SpladePooling

    return isinstance(module, (SpladePooling, SparseStaticEmbedding))


class Dimensions(Vocabulary):
    """The dimensions of a SparseEncoder: entries of its tokenizer, or latent ones, which have no surface form."""

    def __init__(self, encoder: Any, size: int) -> None:
        tokenizer = encoder.tokenizer
        self.size = size
        self.is_latent = tokenizer is None or not all(map(_has_surface_forms, _last_modules(encoder)))
        self._tokenizer = tokenizer
        entries = {} if self.is_latent else tokenizer.get_vocab()
        self._entries = {term_id: token for token, term_id in entries.items()}
        self.special_ids = frozenset(() if self.is_latent else tokenizer.all_special_ids)

    def token(self, term_id: int) -> str:
        """The entry of the tokenizer, or the number of a latent dimension."""
        return f"latent {term_id}" if self.is_latent else self._entries.get(term_id, f"[no token {term_id}]")

    def token_ids(self, texts: Sequence[str]) -> list[list[int]]:
        """Ids of each text; none where dimensions are latent."""
        if self.is_latent:
            return [[] for _ in texts]
        found: list[list[int]] = self._tokenizer(list(texts), add_special_tokens=False, truncation=True)["input_ids"]
        return found
