"""Choose the output dimensions that are trained: nested subsets of the vocabulary (METHODS 2.6, H1)."""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Sequence
from typing import Any

import numpy as np

from sparsebench.errors import TrainingError
from sparsebench.training.examples import Examples
from sparsebench.training.recipe import Settings, Variant

_CHUNK = 1 << 14


def choose_output_ids(variant: Variant, tokenizer: Any, examples: Examples, *, size: int) -> np.ndarray | None:
    """Increasing ids (W,), None for all `size` (V) of them; raises TrainingError where W > V.

    Special tokens come last in either order, so that a subset is of words.
    """
    settings = variant.settings
    if settings.vocabulary == "all":
        return None
    if settings.vocabulary > size:
        raise TrainingError(
            f"{variant.place('vocabulary')}: {variant.label}: {settings.vocabulary} output dimensions were asked, and "
            f"the backbone has {size}; `all` takes these"
        )
    if settings.vocabulary_order == "random":
        order = np.random.default_rng(_seed(settings)).permutation(size)
    else:
        # Equal counts, as of all that never occur: the smaller id first.
        order = np.argsort(-_counts(tokenizer, _documents(examples), size), kind="stable")
    return np.sort(_special_last(order, tokenizer.all_special_ids)[: settings.vocabulary])


def _seed(settings: Settings) -> int:
    return settings.seed if settings.vocabulary_seed == "seed" else settings.vocabulary_seed


def _special_last(order: np.ndarray, special_ids: Sequence[int]) -> np.ndarray:
    special = np.isin(order, special_ids)
    return np.concatenate([order[~special], order[special]])


def _counts(tokenizer: Any, chunks: Iterable[list[str]], size: int) -> np.ndarray:
    """Occurrences (V,) of each id."""
    counts = np.zeros(size, dtype=np.int64)
    for texts in chunks:
        ids = tokenizer(texts, add_special_tokens=False, return_attention_mask=False, verbose=False)["input_ids"]
        counts += np.bincount(np.fromiter(itertools.chain.from_iterable(ids), np.int64), minlength=size)
    return counts


def _documents(examples: Examples) -> Iterable[list[str]]:
    """Yield each distinct document once, in chunks."""
    for column in ("positive", "negative"):
        distinct = list(dict.fromkeys(examples.columns.get(column, ())))
        for start in range(0, len(distinct), _CHUNK):
            yield examples.look_up.get(column, list)(distinct[start : start + _CHUNK])
