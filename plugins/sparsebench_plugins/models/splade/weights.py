"""The weight files of a checkpoint: which ones count, whether they may be read, whether they are whole."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path, PurePosixPath
from typing import Any

from sparsebench import ModelError
from sparsebench_plugins.models.splade.declared import LackingFileError, read_object

_HEADER_BYTES = 8
_LAYERS = ("num_hidden_layers", "n_layers", "num_layers", "n_layer")


class CutShortError(LackingFileError):
    """A file ends before its own header says."""


def weight_files(folder: Path, *, allow_bin: bool) -> tuple[Path, ...]:
    """Find the weights of a folder, one file or its shards; raises ModelError where they are lacking or a pickle."""
    safe = _sharded(folder, "model.safetensors")
    if safe:
        for path in safe:
            _header(path)
        return safe
    unsafe = _sharded(folder, "pytorch_model.bin")
    if unsafe and allow_bin:
        return unsafe
    if unsafe:
        raise ModelError(
            f"{folder} holds its weights only as {unsafe[0].name}, a pickle, which can run code; "
            "`allow_bin: true` reads it with weights_only, which refuses all but tensors"
        )
    there = ", ".join(sorted(path.name for path in folder.iterdir()))
    raise LackingFileError(f"{folder} has no model.safetensors; there is: {there}")


def check_layers(config_path: Path, config: Mapping[str, Any], weights: tuple[Path, ...]) -> None:
    """Refuse (ModelError) a config.json with more layers than its weights hold tensors: making them can take hours."""
    safe = [path for path in weights if path.suffix == ".safetensors"]
    tensors = sum(len(_header(path)) for path in safe)
    for name in _LAYERS:
        layers = config.get(name)
        if safe and isinstance(layers, int) and layers > tensors:
            raise ModelError(f"{config_path}: {name} is {layers}, and the weights hold {tensors} tensors")


def _sharded(folder: Path, name: str) -> tuple[Path, ...]:
    """The file, or the shards that its index names; empty where there is neither."""
    index = folder / f"{name}.index.json"
    if (folder / name).is_file() or not index.is_file():
        return tuple(path for path in [folder / name] if path.is_file())
    places = read_object(index).get("weight_map")
    if not isinstance(places, dict) or not all(isinstance(shard, str) for shard in places.values()):
        raise ModelError(f"{index}: has no weight_map from tensors to files")
    names = sorted(set(places.values()))
    for name in names:
        if PurePosixPath(name).is_absolute() or ".." in PurePosixPath(name).parts:
            raise ModelError(f"{index} names files outside its folder: {name}")
    shards = tuple(folder / name for name in names)
    if lacking := [shard.relative_to(folder).as_posix() for shard in shards if not shard.is_file()]:
        raise LackingFileError(f"{index} names files that are not there: {', '.join(lacking)}")
    return shards


def _header(path: Path) -> dict[str, Any]:
    """The tensors that a safetensors file says it holds; raises CutShortError where it ends before the last one."""
    size = path.stat().st_size
    with path.open("rb") as file:
        length = int.from_bytes(file.read(_HEADER_BYTES), "little")
        if length > size - _HEADER_BYTES:
            raise CutShortError(f"{path} is cut short: {size} bytes, and its header alone has {length}")
        try:
            tensors = json.loads(file.read(length))
            ends = [tensor["data_offsets"][1] for name, tensor in tensors.items() if name != "__metadata__"]
        except (ValueError, KeyError, TypeError, AttributeError, IndexError):
            raise ModelError(f"{path}: is no safetensors file") from None
    if size < (whole := _HEADER_BYTES + length + max(ends, default=0)):
        raise CutShortError(f"{path} is cut short: {size} bytes of {whole}")
    tensors.pop("__metadata__", None)
    return dict(tensors)
