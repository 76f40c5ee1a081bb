"""Reading the authors' files, which are pickles, and writing folders in transformers' layout. Needs torch."""

from __future__ import annotations

import json
import shutil
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import torch
from safetensors.torch import load_file, save_file
from torch import Tensor

from sparsebench import Conversion, ModelError
from sparsebench_plugins.models.finite import check_finite
from sparsebench_plugins.models.video.checkpoint import HEAD_FILE, TOKENIZER_FILES

_INSIDE = ("model", "state_dict", "model_state_dict")


def read_state(path: Path) -> dict[str, Tensor]:
    """A state dict, float32: the file's own, or under `model` or `state_dict`. Raises ModelError.

    weights_only refuses whatever is more than tensors and plain containers, so no code of the file's choosing runs.
    """
    try:
        loaded = load_file(path) if path.suffix == ".safetensors" else _load(path)
    except Exception as error:  # a file that is no checkpoint fails in many ways
        reason = (str(error) or type(error).__name__).splitlines()[0]  # an empty file: EOFError without words
        raise ModelError(f"{path}: cannot be read as weights alone: {reason}") from error
    while isinstance(loaded, Mapping) and (inner := next((name for name in _INSIDE if name in loaded), None)):
        loaded = loaded[inner]
    if not isinstance(loaded, Mapping) or not loaded or not all(isinstance(each, Tensor) for each in loaded.values()):
        raise ModelError(f"{path}: it holds no state dict, a mapping from names to tensors")
    check_finite(str(path), loaded)
    return {str(name).removeprefix("module."): tensor.float() for name, tensor in loaded.items()}


def _load(path: Path) -> Any:
    return torch.load(path, map_location="cpu", weights_only=True)


def write_folder(
    asked: Conversion, config: Any, weights: Mapping[str, Tensor], head: Mapping[str, Tensor], system: str
) -> None:
    """Write config.json, model.safetensors, the head and the tokenizer, all or nothing. Raises ModelError."""
    out, tokenizer = asked.out, asked.tokenizer
    if out.exists():
        raise ModelError(f"{out} is already there; name a new folder")
    files = [tokenizer / name for name in TOKENIZER_FILES if (tokenizer / name).is_file()]
    if not files:
        raise ModelError(f"{tokenizer} holds no tokenizer; one of {', '.join(TOKENIZER_FILES)} is needed")
    out.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=out.parent, prefix=f".{out.name}-") as name:
        folder = Path(name, out.name)
        folder.mkdir()
        (folder / "config.json").write_text(json.dumps(config.to_dict(), indent=1, sort_keys=True), encoding="utf-8")
        _save(weights, folder / "model.safetensors", {"format": "pt"})
        if head:
            _save(head, folder / HEAD_FILE, {"format": "pt", "system": system})
        for file in files:
            shutil.copyfile(file, folder / file.name)
        folder.rename(out)


def _save(tensors: Mapping[str, Tensor], path: Path, metadata: dict[str, str]) -> None:
    save_file({name: tensor.contiguous().clone() for name, tensor in sorted(tensors.items())}, path, metadata)


def check_names(found: Mapping[str, object], wanted: set[str], where: str) -> None:
    """Raise ModelError for names that are missing and names that are left over."""
    missing, left_over = sorted(wanted - found.keys()), sorted(found.keys() - wanted)
    if missing or left_over:
        raise ModelError(
            f"{where}: names are missing or left over, so it is another model than it should be. "
            f"Missing: {_few(missing)}; left over: {_few(left_over)}"
        )


def _few(names: list[str]) -> str:
    more = f" and {len(names) - 8} more" if len(names) > 8 else ""
    return ", ".join(names[:8]) + more or "nothing"
