"""Folders of sentence-transformers' SparseEncoder: what their modules.json says, or why they cannot be read here."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from sparsebench import ModelError
from sparsebench.encoding import Activation, Pooling


@dataclass(frozen=True)
class Declared:
    """What a folder says of itself: where its transformer is, and how it is pooled (None: it does not say)."""

    transformer: Path
    pooling: Pooling | None = None
    activation: Activation | None = None


def read_modules(folder: Path) -> Declared:
    """Read modules.json where there is one; raises ModelError for modules that would be left out of the numbers."""
    path = folder / "modules.json"
    if not path.is_file():
        return Declared(folder)
    modules = read_json(path)
    kinds = [module["type"].rpartition(".")[2] for module in modules]
    if kinds == ["Router"]:
        raise ModelError(
            f"{path}: Router is not supported. Give the folders of its routes as `checkpoint` (documents) and "
            "`query_checkpoint`; for a query route without a transformer use the model `splade_doc`"
        )
    if len(kinds) != 2 or kinds[0] not in ("Transformer", "MLMTransformer") or kinds[1] != "SpladePooling":
        raise ModelError(f"{path}: {' + '.join(kinds)} is not supported; Transformer + SpladePooling is")
    transformer = folder / modules[0]["path"]
    _check_transformer(transformer / "sentence_bert_config.json", legacy=kinds[0] == "MLMTransformer")
    _check_use(folder / "config_sentence_transformers.json")
    pooling = read_json(folder / modules[1]["path"] / "config.json")
    return Declared(transformer, pooling.get("pooling_strategy", "max"), pooling.get("activation_function", "relu"))


def _check_transformer(path: Path, *, legacy: bool) -> None:
    config = read_json(path) if path.is_file() else {}
    task = config.get("transformer_task", "fill-mask" if legacy else "feature-extraction")
    if task != "fill-mask":
        raise ModelError(f"{path}: transformer_task is {task!r}: it gives no logits; 'fill-mask' is needed")
    if config.get("do_lower_case"):
        raise ModelError(f"{path}: do_lower_case is not supported; put the lower-casing into the tokenizer")


def _check_use(path: Path) -> None:
    config = read_json(path) if path.is_file() else {}
    prompts = {name: text for name, text in (config.get("prompts") or {}).items() if text}
    if prompts:
        raise ModelError(f"{path}: prompts are not supported: {prompts}")
    if config.get("similarity_fn_name") not in (None, "dot"):
        raise ModelError(f"{path}: similarity {config['similarity_fn_name']!r} is not supported; 'dot' is")


def read_json(path: Path) -> Any:
    """The value of a JSON file; raises ModelError where there is none or it is malformed."""
    try:
        return json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise ModelError(f"{path.parent} has no {path.name}") from None
    except (UnicodeDecodeError, json.JSONDecodeError) as error:
        raise ModelError(f"{path}: not JSON: {error}") from None
