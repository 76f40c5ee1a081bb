"""Weights of tokens that need no inference: SparseStaticEmbedding, `idf.json`, `query_token_weights.txt`."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from sparsebench import ModelError
from sparsebench.encoding import csr
from sparsebench_plugins.models.splade.checkpoint import Checkpoint
from sparsebench_plugins.models.splade.declared import read_object
from sparsebench_plugins.models.splade.tokenizer import TokenizerVocabulary

if TYPE_CHECKING:
    from scipy.sparse import csr_array


def static_size(checkpoint: Checkpoint) -> int:
    """Return how many dimensions the trained weights of a folder have; raises ModelError."""
    return len(_trained(checkpoint))


def static_weights(checkpoint: Checkpoint, vocabulary: TokenizerVocabulary) -> np.ndarray:
    """Weights (V,) float32 >= 0 of all dimensions, as a checkpoint declares them; raises ModelError."""
    declared = checkpoint.declared
    path = declared.static or declared.token_weights
    assert path is not None, "asked of a checkpoint that declares weights of tokens"
    weights = _listed(path, vocabulary) if path.is_file() else _trained(checkpoint)
    if len(weights) != vocabulary.size:
        raise ModelError(
            f"{path} holds {len(weights)} weights of tokens, and vectors have {vocabulary.size} dimensions; "
            "sentence-transformers cannot compare these either"
        )
    if not np.isfinite(weights).all() or (weights < 0).any():
        raise ModelError(f"{path}: a weight of a token is negative or not finite; sparse vectors here are positive")
    return weights


def own_tokens(ids: Sequence[Sequence[int]], weights: np.ndarray) -> csr_array:
    """Weigh each text's own tokens, once each, by weights (V,): vectors (N, V); a weight of 0 is not active."""
    unique = [np.unique(np.array(text, np.int64)) for text in ids]
    present = [terms[weights[terms] > 0] for terms in unique]
    columns = np.concatenate([np.empty(0, np.int64), *present])
    sizes = np.array([len(terms) for terms in present], np.int64)
    return csr(weights[columns], columns, sizes, len(weights))


def _trained(checkpoint: Checkpoint) -> np.ndarray:
    """The only tensor of a SparseStaticEmbedding."""
    import torch
    from safetensors.torch import load_file

    folder = checkpoint.declared.static
    assert folder is not None, "asked of a checkpoint that declares weights of tokens"
    path = next(path for path in checkpoint.files.values() if path.parent == folder and _holds_tensors(path))
    tensors = load_file(path) if path.suffix == ".safetensors" else torch.load(path, weights_only=True)
    weight = tensors.get("weight")
    if weight is None or weight.ndim != 1 or len(tensors) != 1:
        raise ModelError(f"{path}: holds {', '.join(sorted(tensors))}, and not one `weight` for each token")
    return np.asarray(weight.float().numpy())


def _holds_tensors(path: Path) -> bool:
    return path.suffix in (".safetensors", ".bin") and not path.name.startswith("sentencepiece")


def _listed(path: Path, vocabulary: TokenizerVocabulary) -> np.ndarray:
    """Weights by token; as in its authors' code an entry that is no token counts for the unknown one."""
    weights = np.zeros(vocabulary.size, np.float32)
    for token, weight in _json_entries(path) if path.suffix == ".json" else _text_entries(path):
        if (term_id := vocabulary.id_of(token)) is not None:
            weights[term_id] = weight
    return weights


def _json_entries(path: Path) -> Iterator[tuple[str, float]]:
    for token, weight in read_object(path).items():
        if isinstance(weight, bool) or not isinstance(weight, int | float):
            raise ModelError(f"{path}: the weight of {token!r} is {weight!r}, not a number")
        try:
            value = float(weight)
        except OverflowError:
            raise ModelError(f"{path}: the weight of {token!r} is too large for a number of 64 bits") from None
        yield token, value


def _text_entries(path: Path) -> Iterator[tuple[str, float]]:
    """Lines of a token, a tab and its weight."""
    for number, line in enumerate(path.read_text(encoding="utf-8").split("\n"), start=1):
        if line:
            token, tab, weight = line.partition("\t")
            try:
                value = float(weight) if tab else math.nan
            except ValueError:
                value = math.nan
            if not math.isfinite(value):
                raise ModelError(f"{path}:{number}: {line!r} is not a token, a tab and a weight")
            yield token, value
