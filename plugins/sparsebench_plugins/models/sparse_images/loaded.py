"""A multimodal sparse encoder in memory. Needs torch and sentence-transformers."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from PIL import Image

from sparsebench import Encoded, Json, LoadedEncoder, ModelError, Role, Vocabulary
from sparsebench.media import MediaItem, Timeline, chosen_frames
from sparsebench_plugins.models.finite import check_finite

if TYPE_CHECKING:
    from scipy.sparse import csr_array

ITEMS_AT_ONCE = 16


@dataclass(frozen=True)
class QueryVocabulary(Vocabulary):
    """The tokens of the query route; a dimension beyond them has no surface form, and its number for a name."""

    tokenizer: Any
    size: int

    def token(self, term_id: int) -> str:
        """A token, or `[57]`."""
        found = self.tokenizer.convert_ids_to_tokens(term_id) if term_id < len(self.tokenizer) else None
        return found or f"[{term_id}]"

    def token_ids(self, texts: Sequence[str]) -> list[list[int]]:
        """Ids of texts, without special tokens."""
        if not texts:
            return []
        found: list[list[int]] = self.tokenizer(list(texts), add_special_tokens=False, truncation=True)["input_ids"]
        return found

    @property
    def special_ids(self) -> frozenset[int]:  # type: ignore[override]
        """Special ids of the tokenizer."""
        return frozenset(self.tokenizer.all_special_ids)


@dataclass(frozen=True)
class LoadedSparseImages(LoadedEncoder):
    """Loaded encoder of texts and images.

    model: sentence-transformers' SparseEncoder. frames: of a video. batch: how many inputs at once.
    """

    model: Any
    frames: int
    batch: int

    @cached_property
    def vocabulary(self) -> QueryVocabulary:  # type: ignore[override]
        """The tokens of the query route, as wide as the vectors."""
        (route, *_) = self.model[0].sub_modules["query"]
        return QueryVocabulary(route.tokenizer, int(self.model.encode_query([""]).shape[1]))

    def encode(self, texts: Sequence[str], role: Role) -> Encoded:
        """Vectors of texts (N, V) by the route of their role; raises ModelError where that reads no text."""
        return Encoded(self._vectors(list(texts), role))

    def encode_items(self, items: Sequence[MediaItem]) -> Encoded:
        """Vectors of clips or images (N, V) by the route of documents. Raises ModelError by the item's name."""
        from scipy.sparse import vstack

        parts = []
        for start in range(0, len(items), ITEMS_AT_ONCE):
            chosen = [self._images(item) for item in items[start : start + ITEMS_AT_ONCE]]
            vectors = self._vectors([image for images in chosen for image in images], "document")
            ends = np.cumsum([len(images) for images in chosen])
            for images, end in zip(chosen, ends, strict=True):
                parts.append(_largest(vectors[end - len(images) : end]))
        return Encoded(vstack(parts, format="csr"))

    def provenance(self) -> Mapping[str, Json]:
        """Return the names of the modules of each route."""
        routes = self.model[0].sub_modules
        return {route: [type(module).__name__ for module in modules] for route, modules in routes.items()}

    def _images(self, item: MediaItem) -> list[Image.Image]:
        if item.form == "features":
            raise ModelError(f"{item.path}: a sparse model looks at images, not at features of frames")
        return [Image.fromarray(frame) for frame in chosen_frames(item, self._choose)]

    def _choose(self, timeline: Timeline) -> list[int]:
        """Frames in the middle of as many equal parts."""
        count = min(self.frames, timeline.frames)
        return [(2 * place + 1) * timeline.frames // (2 * count) for place in range(count)]

    def _vectors(self, inputs: list[Any], role: Role) -> csr_array:
        from scipy.sparse import csr_array

        if not inputs:
            return csr_array((0, self.vocabulary.size), dtype=np.float32)
        encode = self.model.encode_query if role == "query" else self.model.encode_document
        try:
            found = encode(inputs, batch_size=self.batch, show_progress_bar=False, convert_to_sparse_tensor=True)
        except (ValueError, TypeError, KeyError) as error:
            raise ModelError(f"the route for {role} cannot encode {type(inputs[0]).__name__}: {error}") from error
        found = found.coalesce().cpu()
        rows, columns = found.indices().numpy()
        vectors = csr_array((found.values().float().numpy(), (rows, columns)), shape=tuple(found.shape))
        vectors.data[vectors.data < 0] = 0
        vectors.eliminate_zeros()
        vectors.sort_indices()
        return vectors


def _largest(frames: csr_array) -> csr_array:
    """The largest weight of each dimension over frames, (T, V) -> (1, V)."""
    from scipy.sparse import csr_array

    return csr_array(frames.max(axis=0).reshape(1, -1))


def load_sparse_images(folder: Path, device: str, *, frames: int, batch: int) -> LoadedSparseImages:
    """Load it; raises ModelError where it does not load, holds a weight that is not finite, or has not both routes."""
    from sentence_transformers import SparseEncoder

    try:
        model = SparseEncoder(str(folder), device=device, local_files_only=True, trust_remote_code=False)
    except Exception as error:  # whatever a folder of modules can get wrong
        raise ModelError(f"{folder} does not load as a SparseEncoder: {error}") from error
    check_finite(str(folder), model.state_dict())
    routes = getattr(model[0], "sub_modules", {})
    if not {"query", "document"} <= set(routes):
        raise ModelError(f"{folder}: its Router has no route for query and document; it has: {', '.join(routes)}")
    if "image" not in getattr(routes["document"][0], "modalities", ()):
        raise ModelError(f"{folder}: its route for documents takes no image")
    return LoadedSparseImages(model.eval(), frames, batch)
