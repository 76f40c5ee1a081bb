"""CLIP with a head, in memory: captions and clips to features, features to scores. Needs torch."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np
import torch
from torch import Tensor

from sparsebench import EncodedFeatures, Features, Json, LoadedPairedEncoder, ModelError
from sparsebench.media import MediaItem, Timeline, chosen_frames
from sparsebench.workers import in_threads
from sparsebench_plugins.models.video.heads.named import load_named
from sparsebench_plugins.models.video.heads.system import System
from sparsebench_plugins.models.video.pixels import clip_pixels
from sparsebench_plugins.models.video.tokens import clip_ids, load_tokenizer
from sparsebench_plugins.models.video.towers import Towers, as_arrays, as_tensors, load_towers

if TYPE_CHECKING:
    from sparsebench_plugins.models.video.clip_system import ClipSystem

ITEMS_AT_ONCE = 8
NUMBERS_AT_ONCE = 2**24
"""About how many numbers a tile of pairs holds; a constant, so that sums are the same on every machine."""


@dataclass(frozen=True)
class LoadedClipSystem(LoadedPairedEncoder):
    """CLIP's towers and a head.

    words, frames: W and T. choose: the frames of a timeline that are looked at.
    """

    towers: Towers
    head: System
    tokenizer: Any
    words: int
    frames: int
    choose: Callable[[Timeline], Sequence[int]]

    @torch.inference_mode()
    def encode_texts(self, texts: Sequence[str]) -> EncodedFeatures:
        """Encode captions to the features that the head keeps."""
        found = clip_ids(self.tokenizer, texts, self.words)
        return EncodedFeatures(as_arrays(self.of_ids(torch.from_numpy(found.ids))), found.truncated)

    @torch.inference_mode()
    def encode_items(self, items: Sequence[MediaItem]) -> EncodedFeatures:
        """Encode clips to the features that the head keeps; a few are decoded at a time, so that memory does not grow
        with their number.
        """
        parts = []
        for start in range(0, len(items), ITEMS_AT_ONCE):
            chosen = items[start : start + ITEMS_AT_ONCE]
            found = [
                self._frames(item, given) for item, given in zip(chosen, in_threads(self._read, chosen), strict=True)
            ]
            parts.append(self.of_frames(*self._padded(found)))
        return EncodedFeatures(as_arrays({name: torch.cat([part[name] for part in parts]) for name in parts[0]}))

    @torch.inference_mode()
    def score(self, texts: Features, items: Features) -> np.ndarray:
        """Scores of every pair (Q, V), a tile of texts at a time."""
        device = self.towers.device
        queries, videos = as_tensors(texts, device), as_tensors(items, device)
        count = len(next(iter(videos.values())))
        tile = max(1, NUMBERS_AT_ONCE // (max(1, count) * self.head.pair_numbers(queries, videos)))
        parts = [
            self.head.score({name: array[start : start + tile] for name, array in queries.items()}, videos, self.scale)
            for start in range(0, len(next(iter(queries.values()))), tile)
        ]
        return torch.cat([*parts, torch.empty(0, count, device=device)]).cpu().numpy()

    def provenance(self) -> Mapping[str, Json]:
        """Class, attention kernel and precision of the towers, and the head."""
        config = self.towers.model.config
        return {
            "architecture": type(self.towers.model).__name__,
            "attention": config._attn_implementation,
            "precision": str(self.towers.model.dtype).removeprefix("torch."),
            "head": type(self.head).__name__,
        }

    @cached_property
    def scale(self) -> Tensor:
        """Scale of scores, e = exp(logit_scale)."""
        return self.towers.scale

    def of_ids(self, ids: Tensor) -> Mapping[str, Tensor]:
        """Return the features of texts that are given as ids (N, W), padded with 0."""
        ids = ids.to(self.towers.device)
        words = self.towers.words(ids)
        return self.head.texts(words, self.towers.sentence(words, ids), ids != 0)

    def of_frames(self, frames: Tensor, mask: Tensor) -> Mapping[str, Tensor]:
        """Return the features of videos that are given as raw frames (N, T, d), with their mask (N, T) bool."""
        return self.head.items(frames, mask)

    @cached_property
    def padding(self) -> Tensor:
        """Raw features of a frame that is not there, (d,): pixels of 0 after they are normalised."""
        size = self.towers.image_size
        return self.towers.frames(torch.zeros(1, 3, size, size))[0]

    def _read(self, item: MediaItem) -> np.ndarray | Tensor:
        """Pixels (t, 3, s, s) of the frames that are looked at, or their features (t, d) where a file brings these."""
        if item.form != "features":
            images = chosen_frames(item, self.choose)
            return np.stack([clip_pixels(image, self.towers.image_size) for image in images])
        given = item.features()
        there = given.frames[given.mask]
        if there.shape[1] != len(self.padding):
            raise ModelError(
                f"{item.path}: features have {there.shape[1]} dimensions, and the model's frames {len(self.padding)}"
            )
        return torch.from_numpy(there[self.choose(Timeline(len(there), 1.0))])

    def _frames(self, item: MediaItem, found: np.ndarray | Tensor) -> Tensor:
        """Raw frames (t, d)."""
        frames = found if isinstance(found, Tensor) else self.towers.frames(torch.from_numpy(found))
        if not bool(torch.isfinite(frames).all()):
            raise ModelError(f"{item.path} ({item.item_id}): its frames have features that are not finite")
        return frames.to(self.towers.device)

    def _padded(self, found: Sequence[Tensor]) -> tuple[Tensor, Tensor]:
        """Frames (N, T, d) and their mask (N, T)."""
        frames = self.padding.expand(len(found), self.frames, -1).clone()
        mask = torch.zeros(len(found), self.frames, dtype=torch.bool, device=frames.device)
        for row, there in enumerate(found):
            frames[row, : len(there)] = there
            mask[row, : len(there)] = True
        return frames, mask


def load_clip_system(system: ClipSystem, device: str) -> LoadedClipSystem:
    """Load everything; raises ModelError."""
    checkpoint, shape = system.open(), system.shape()
    words, frames = system.words_of(shape), system.frames_of(shape)
    towers = load_towers(checkpoint, device, system.dtype, system.batch)
    if words > (longest := towers.model.config.text_config.max_position_embeddings):
        raise ModelError(f"`words: {words}`: checkpoint {system.checkpoint!r} has positions for {longest}")
    return LoadedClipSystem(
        towers=towers,
        head=_load_head(system, device),
        tokenizer=load_tokenizer(checkpoint.folder),
        words=words,
        frames=frames,
        choose=system.chooser(frames),
    )


def _load_head(system: ClipSystem, device: str) -> Any:
    """The head with the checkpoint's values; a name that is missing or left over is an error."""
    from safetensors.torch import load_file

    checkpoint, shape = system.open(), system.shape()
    head = system.make_head(shape)
    if checkpoint.head is not None:
        load_named(head, load_file(checkpoint.head), str(checkpoint.head))
    return head.float().eval().to(device)
