"""Read what a SentenceTransformers folder declares of its transformer's texts: lengths, lower-casing."""

from __future__ import annotations

import math
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from sparsebench import ModelError, Role
from sparsebench_plugins.models.splade.declared.json_files import read_object
from sparsebench_plugins.models.splade.declared.keys import DOOR, TRANSFORMER, hold

CONFIG_FILES = tuple(
    f"sentence_{name}_config.json"
    for name in ("bert", "roberta", "distilbert", "camembert", "albert", "xlm-roberta", "xlnet")
)
"""The first that is not empty counts, as in sentence-transformers."""
SANE_MAXIMUM = 1_000_000
"""Tokenizers without a maximum of their own say 10**30."""
_LOGITS = {"text": {"method": "forward", "method_output_name": "logits"}}


def refuse_adapter(folder: Path) -> None:
    """Refuse (ModelError) a LoRA adapter: alone it lacks a base model, beside weights it would be left out."""
    if (folder / "adapter_config.json").is_file():
        raise ModelError(
            f"{folder} holds a LoRA adapter; merge it into its base model and save that, or use the model "
            "`sparse_encoder`, which loads both"
        )


def read_transformer(folder: Path, *, is_mlm: bool) -> dict[str, Any]:
    """Read what sentence-transformers would; raises ModelError for what is not supported.

    is_mlm: whether the module is of the older class that gives logits without saying so.
    """
    refuse_adapter(folder)
    path, config = first_config(folder)
    hold(path, config, TRANSFORMER)
    task = config.get("transformer_task", "fill-mask" if is_mlm else "feature-extraction")
    if task != "fill-mask":
        raise ModelError(f"{path}: transformer_task is {task!r}: {TRANSFORMER['transformer_task'].words}. {DOOR}")
    _check(path, config, "modality_config", _LOGITS)
    _check(path, config, "module_output_name", "token_embeddings")
    if "modality_config" in config and "module_output_name" not in config:
        raise ModelError(f"{path}: modality_config without module_output_name, which sentence-transformers refuses")
    return config


def declared_length(config: Mapping[str, Any], folder: Path, role: Role) -> int | None:
    """The most tokens of a text, special ones included; None where nothing bounds it."""
    own = _text_kwargs(config, folder).get("max_length")
    for value in (own, config.get(f"{role}_length")):
        if value is not None:
            return _positive(folder, value)
    if (value := config.get("max_seq_length")) is not None:
        return _positive(folder, value)
    positions = read_object(folder / "config.json").get("max_position_embeddings", math.inf)
    maximum = tokenizer_maximum(folder)
    bound = min(math.inf if positions == -1 else positions, math.inf if maximum is None else maximum)
    return None if bound == math.inf else int(bound)


def tokenizer_maximum(folder: Path) -> int | None:
    """`model_max_length` of a tokenizer, None where it has none that means anything."""
    path = folder / "tokenizer_config.json"
    maximum = read_object(path).get("model_max_length") if path.is_file() else None
    return int(maximum) if isinstance(maximum, int | float) and maximum <= SANE_MAXIMUM else None


def first_config(folder: Path) -> tuple[Path, dict[str, Any]]:
    """Find the configuration that sentence-transformers reads, empty where there is none."""
    for name in CONFIG_FILES:
        if (folder / name).is_file() and (config := read_object(folder / name)):
            return folder / name, config
    return folder / CONFIG_FILES[0], {}


def _check(path: Path, config: Mapping[str, Any], name: str, only: Any) -> None:
    if name in config and config[name] != only:
        raise ModelError(f"{path}: {name} is {config[name]!r}: {TRANSFORMER[name].words}")


def _text_kwargs(config: Mapping[str, Any], folder: Path) -> Mapping[str, Any]:
    """`processing_kwargs.text`; raises ModelError for anything but a length and what is the default anyway."""
    kwargs = config.get("processing_kwargs") or {}
    text = kwargs.get("text") or {} if isinstance(kwargs, dict) else None
    defaults = {"padding": (True, "longest"), "truncation": (True, "longest_first")}
    if not isinstance(text, dict) or any(value for name, value in kwargs.items() if name != "text"):
        raise ModelError(f"{folder}: processing_kwargs is {kwargs!r}: {TRANSFORMER['processing_kwargs'].words}")
    for name, value in text.items():
        if name != "max_length" and value not in defaults.get(name, ()):
            words = TRANSFORMER["processing_kwargs"].words
            raise ModelError(f"{folder}: processing_kwargs.text.{name} is {value!r}: {words}")
    return text


def _positive(folder: Path, value: Any) -> int:
    if isinstance(value, bool) or not isinstance(value, int) or value < 1:
        raise ModelError(f"{folder}: declares a length of {value!r}, which is no positive number of tokens")
    return value
