"""A SparseEncoder in memory."""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from sparsebench import Encoded, Json, LoadedEncoder, ModelError, Role
from sparsebench.device import does_not_fit, lost
from sparsebench.encoding import csr
from sparsebench_plugins.models.sparse_encoder.dimensions import Dimensions

if TYPE_CHECKING:
    from scipy.sparse import csr_array

TEXTS_AT_ONCE = 16
DOT, COSINE = "dot", "cosine"


class LoadedSentenceTransformers(LoadedEncoder):
    """A SparseEncoder in memory. One text is encoded at a time by one thread, in batches of texts as they come."""

    def __init__(self, encoder: Any, checkpoint: str, options: Callable[[Role], dict[str, Any]]) -> None:
        self._encoder = encoder
        self._checkpoint = checkpoint
        self._options = options
        self._lock = threading.Lock()
        self.vocabulary = Dimensions(encoder, int(self._rows(["a"], "document").shape[1]))

    def encode(self, texts: Sequence[str], role: Role) -> Encoded:
        """Encode texts in one role; where the folder is compared by cosine, vectors have length 1."""
        from scipy.sparse import csr_array, vstack

        starts = range(0, len(texts), TEXTS_AT_ONCE)
        blocks = [self._rows(texts[start : start + TEXTS_AT_ONCE], role) for start in starts]
        vectors = csr_array(vstack(blocks, format="csr")) if blocks else csr_array((0, self.vocabulary.size))
        return Encoded(vectors, self._cut(texts, role) if len(texts) else 0)

    def _cut(self, texts: Sequence[str], role: Role) -> int:
        """Return how many texts are longer than the first module takes; prompts left out."""
        module = next(self._encoder.children())
        if hasattr(module, "sub_modules"):
            module = module.sub_modules[module._resolve_route(task=role, modality="text")][0]
        tokenizer = getattr(module, "tokenizer", None)
        if tokenizer is None:
            return 0
        asked, own = _max_length(self._options(role)), _max_length(vars(module))
        limit = asked or own or getattr(module, f"{role}_length", None) or tokenizer.model_max_length
        with self._lock:
            return sum(len(ids) > limit for ids in tokenizer(list(texts), truncation=False)["input_ids"])

    def provenance(self) -> Mapping[str, Json]:
        """Name what encodes."""
        from importlib.metadata import version

        modules = [type(module).__name__ for module in self._encoder.children()]
        return {"sentence_transformers": version("sentence-transformers"), "modules": modules}

    def _rows(self, texts: Sequence[str], role: Role) -> csr_array:
        encode = self._encoder.encode_query if role == "query" else self._encoder.encode_document
        try:
            with self._lock:
                dense = encode(
                    list(texts),
                    batch_size=TEXTS_AT_ONCE,
                    convert_to_sparse_tensor=False,
                    save_to_cpu=True,
                    show_progress_bar=False,
                    **self._options(role),
                )
        except (RuntimeError, ValueError, TypeError, IndexError) as error:
            if does_not_fit(error) or lost(error):
                raise
            raise ModelError(f"sentence-transformers cannot encode with {self._checkpoint!r}: {error}") from error
        rows = dense.float().numpy()
        if not np.isfinite(rows).all() or (rows < 0).any():
            raise ModelError(f"{self._checkpoint!r}: a weight is negative or not finite; vectors are positive")
        if self._encoder.similarity_fn_name == COSINE:
            rows = rows / np.maximum(np.linalg.norm(rows, axis=1, keepdims=True), np.finfo(np.float32).tiny)
        places, columns = rows.nonzero()
        return csr(rows[places, columns], columns, np.bincount(places, minlength=len(rows)), rows.shape[1])


def _max_length(settings: Mapping[str, Any]) -> int | None:
    """Length in `processing_kwargs`, of a call or of a module."""
    found: int | None = ((settings.get("processing_kwargs") or {}).get("text") or {}).get("max_length")
    return found
