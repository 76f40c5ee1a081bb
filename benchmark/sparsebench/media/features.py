"""Features of frames in one file: `frames` (D, T, d) with `mask` (D, T) and the ids of its rows. No pickle."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

import numpy as np

from sparsebench.errors import ModelError

SUFFIXES = (".safetensors", ".npz")
_WANTED = (
    "a file of features holds `frames` (items, frames, width) and `mask` (items, frames), 1 where there is a frame"
)


@dataclass(frozen=True)
class FrameFeatures:
    """Features of one item. frames: (T, d) float32. mask: (T,) bool, whether there is such a frame.

    Example:
        >>> FrameFeatures(np.zeros((12, 512), np.float32), np.arange(12) < 9).mask.sum().item()
        9
    """

    frames: np.ndarray
    mask: np.ndarray

    def digest(self) -> str:
        """SHA-256 of the frames that there are, and where they stand."""
        total = hashlib.sha256(np.packbits(self.mask).tobytes())
        total.update(str(self.frames.shape).encode())
        total.update(np.ascontiguousarray(self.frames[self.mask]).tobytes())
        return total.hexdigest()


@dataclass(frozen=True)
class FeatureFile:
    """File of features. path: for messages. ids: of its D rows. frames: (D, T, d). mask: (D, T) bool."""

    path: Path
    ids: tuple[str, ...]
    frames: np.ndarray
    mask: np.ndarray

    @classmethod
    def open(cls, path: Path) -> FeatureFile:
        """Read a .safetensors or .npz file, once for each time stamp.

        Ids are the array `ids` of a .npz, or the lines of a text file of the same name with `.txt`. Raises ModelError
        where something is missing, of another shape, or pickled.
        """
        beside = path.with_suffix(".txt")
        return _open(path, path.stat().st_mtime_ns, beside.stat().st_mtime_ns if beside.is_file() else 0)

    def row(self, row: int, item_id: str) -> FrameFeatures:
        """Features of one item. Raises ModelError where it has no frame, or numbers that are not finite."""
        mask, frames = self.mask[row], self.frames[row].astype(np.float32)
        if not mask.any():
            raise ModelError(f"{self.path}: row {row} ({item_id}) has no frame: its mask is 0 everywhere")
        if not np.isfinite(frames[mask]).all():
            raise ModelError(f"{self.path}: row {row} ({item_id}) has a number that is not finite")
        return FrameFeatures(frames, mask)


@lru_cache(maxsize=4)
def _open(path: Path, changed: int, ids_changed: int) -> FeatureFile:
    arrays = _arrays(path)
    for name, dimensions in (("frames", 3), ("mask", 2)):
        if name not in arrays:
            there = ", ".join(sorted(arrays)) or "nothing"
            raise ModelError(f"{path}: there is no `{name}`; {_WANTED}. It holds: {there}")
        if arrays[name].ndim != dimensions:
            raise ModelError(f"{path}: `{name}` has the shape {arrays[name].shape}; {_WANTED}")
    frames, mask = arrays["frames"], arrays["mask"]
    if mask.shape != frames.shape[:2]:
        raise ModelError(f"{path}: `mask` has the shape {mask.shape} and `frames` {frames.shape}; {_WANTED}")
    if not np.isin(mask, (0, 1)).all():
        raise ModelError(f"{path}: `mask` holds other numbers than 0 and 1; {_WANTED}")
    return FeatureFile(path, _ids(path, arrays, len(frames)), frames, mask.astype(bool))


def _arrays(path: Path) -> Mapping[str, np.ndarray]:
    try:
        if path.suffix == ".npz":
            with np.load(path, allow_pickle=False) as file:
                return {name: file[name] for name in file.files}
        from safetensors.numpy import load_file

        return dict(load_file(path))
    except Exception as error:  # each reader has its own way to say that a file is damaged, or holds objects
        reason = "it holds pickled objects, which can run code" if "pickle" in str(error) else str(error)
        raise ModelError(f"{path}: cannot be read as {path.suffix}: {reason}") from error


def _ids(path: Path, arrays: Mapping[str, np.ndarray], rows: int) -> tuple[str, ...]:
    beside = path.with_suffix(".txt")
    if "ids" in arrays:
        ids = tuple(map(str, arrays["ids"].tolist()))
    elif beside.is_file():
        ids = tuple(beside.read_text(encoding="utf-8").split("\n"))
        ids = ids[:-1] if ids[-1] == "" else ids
    else:
        raise ModelError(f"{path}: nothing names its rows; put {beside.name} beside it, one id a line, in their order")
    if len(ids) != rows:
        raise ModelError(f"{path}: there are {len(ids)} ids for {rows} rows of `frames`")
    if len(set(ids)) != rows:
        twice = next(name for position, name in enumerate(ids) if name in ids[:position])
        raise ModelError(f"{path}: the id {twice!r} names two rows")
    return ids
