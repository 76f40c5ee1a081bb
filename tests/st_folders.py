"""Folders as sentence-transformers saves them, its own vectors of them, and changes of one key."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import torch

TEXTS = [
    "the cat sat on the mat.",
    "dogs",
    "",
    "Paris DOG Paris sat",
    "a dog running far away",
    "the cat sat on a mat far away a dog running " * 40,
]


def transformer(folder: Path, **options: Any):
    from sentence_transformers.base.modules import Transformer

    return Transformer(str(folder), transformer_task="fill-mask", **options)


def pooled(strategy: str = "max", activation: str = "relu"):
    from sentence_transformers.sparse_encoder.modules import SpladePooling

    return SpladePooling(strategy, activation_function=activation)


def static(folder: Path, weights: list[float] | None = None):
    from sentence_transformers.sparse_encoder.modules import SparseStaticEmbedding
    from transformers import AutoTokenizer

    tokenizer = AutoTokenizer.from_pretrained(folder)
    values = np.linspace(0.1, 3, len(tokenizer.get_vocab())) if weights is None else weights
    return SparseStaticEmbedding(tokenizer, weight=torch.tensor(values, dtype=torch.float32), frozen=True)


def router(query: list, document: list, **options: Any):
    from sentence_transformers.base.modules import Router

    return Router.for_query_document(query_modules=query, document_modules=document, **options)


def save(to: Path, *modules: Any, **options: Any) -> Path:
    from sentence_transformers import SparseEncoder

    SparseEncoder(modules=list(modules), device="cpu", **options).save(str(to), create_model_card=False)
    return to


def theirs(folder: Path, role: str, texts: list[str] = TEXTS, **options: Any) -> np.ndarray:
    """Vectors (N, V) of sentence-transformers, text by text, so that nothing is padded."""
    from sentence_transformers import SparseEncoder

    options.setdefault("model_kwargs", {"dtype": torch.float32})
    encoder = SparseEncoder(str(folder), device="cpu", local_files_only=True, **options)
    encode = encoder.encode_query if role == "query" else encoder.encode_document
    return encode(texts, batch_size=1, convert_to_sparse_tensor=False).float().numpy()


def theirs_of(folder: Path, texts: list[str]) -> dict[str, np.ndarray]:
    """Vectors (N, V) of sentence-transformers by role, as `theirs`, of a folder that is loaded once."""
    from sentence_transformers import SparseEncoder

    encoder = SparseEncoder(str(folder), device="cpu", local_files_only=True, model_kwargs={"dtype": torch.float32})
    ways = {"query": encoder.encode_query, "document": encoder.encode_document}
    options = {"batch_size": 1, "convert_to_sparse_tensor": False}
    return {role: encode(texts, **options).float().numpy() for role, encode in ways.items()}


def ours(model: Any, role: str, texts: list[str] = TEXTS) -> np.ndarray:
    """Vectors (N, V) of a model of ours."""
    return model.load("cpu").encode(texts, role).vectors.toarray()


def change(folder: Path, file: str, key: str, value: Any) -> Path:
    """Set one key of a JSON file; `0.path` is a key of the first entry of a list, `a.b` one inside another."""
    path = folder / file
    config = json.loads(path.read_text()) if path.is_file() else {}
    *inside, last = key.split(".")
    at = config
    for step in inside:
        at = at[int(step)] if isinstance(at, list) else at.setdefault(step, {})
    if value is DELETE:
        at.pop(last, None)
    else:
        at[last] = value
    path.write_text(json.dumps(config))
    return folder


DELETE = object()
"""In place of a value: take the key away."""
