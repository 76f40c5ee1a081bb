"""Loading by sentence-transformers, and refusing what it makes up."""

from __future__ import annotations

import logging
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np

from sparsebench import ModelError
from sparsebench_plugins.models.finite import check_finite
from sparsebench_plugins.models.sparse_encoder.loaded import COSINE, DOT

_REPORTS = "transformers.modeling_utils"
_PROBE = "a text of a few words"
_LONGER = "a text of more words, beside which the other one is padded on the left or on the right"


def load_encoder(folder: Path, name: str, how: Mapping[str, Any]) -> Any:
    """Load a folder; raises ModelError with what sentence-transformers says where it cannot.

    Also where a weight is not finite, and where some are lacking that reach the vectors, which transformers draws at
    random.
    """
    with _lacking() as lacking:
        encoder = _load(folder, name, how)
    check_finite(name, encoder.state_dict())
    if encoder.similarity_fn_name not in (DOT, COSINE):
        raise ModelError(
            f"{name!r} is compared by {encoder.similarity_fn_name}, and ranked here by inner products; "
            "`score_matrix` takes scores that you computed"
        )
    if lacking and not np.array_equal(_probe(encoder), _probe(_load(folder, name, how, seed=1))):
        raise ModelError(
            f"{name!r} lacks weights, which transformers would draw at random: {', '.join(lacking[:5])}. Save it whole"
        )
    _check_padding(encoder, name)
    return encoder


def _load(folder: Path, name: str, how: Mapping[str, Any], *, seed: int = 0) -> Any:
    try:
        import torch
        from sentence_transformers import SparseEncoder
    except ImportError:
        raise ModelError("sparse_encoder needs: pip install 'sparsebench[sparse-encoder]'") from None
    try:
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(seed)
            return SparseEncoder(str(folder), **how)
    except Exception as error:  # of whatever a folder and the code that it brings lack
        first = next(iter(str(error).strip().splitlines()), type(error).__name__)
        raise ModelError(f"sentence-transformers does not load {name!r}: {first}") from error


def _probe(encoder: Any, *beside: str) -> np.ndarray:
    """Vectors of a text in both roles, one after the other (their sizes may differ), in one batch with other texts."""
    ways = (encoder.encode_query, encoder.encode_document)
    found = [encode([_PROBE, *beside], convert_to_sparse_tensor=False, show_progress_bar=False) for encode in ways]
    return np.concatenate([vectors[0].float().cpu().numpy() for vectors in found])


def _check_padding(encoder: Any, name: str) -> None:
    """Refuse (ModelError) a folder by which a text's vector depends on the texts beside it."""
    alone, beside = _probe(encoder), _probe(encoder, _LONGER)
    rough = 1e-3 if str(encoder.dtype) == "torch.float32" else 2**-3
    if np.abs(alone - beside).max() > rough * np.abs(alone).max():
        raise ModelError(
            f"{name!r}: padding mixes into its tokens, so that a text's vector would depend on the texts beside it; "
            'where its tokenizer_config.json says "padding_side": "left", write "right"'
        )


class _Lacking(logging.Handler):
    """Collects names of weights that transformers reports as missing."""

    def __init__(self) -> None:
        super().__init__(logging.WARNING)
        self.names: list[str] = []

    def emit(self, record: logging.LogRecord) -> None:
        lines = record.getMessage().splitlines()
        self.names += [line.split("|")[0].strip() for line in lines if "|" in line and "MISSING" in line]


@contextmanager
def _lacking() -> Iterator[list[str]]:
    """Names of weights that are found missing meanwhile; the report stays off the terminal."""
    logger, handler = logging.getLogger(_REPORTS), _Lacking()
    level, propagates = logger.level, logger.propagate
    logger.addHandler(handler)
    logger.setLevel(logging.WARNING)
    logger.propagate = False
    try:
        yield handler.names
    finally:
        logger.removeHandler(handler)
        logger.setLevel(level)
        logger.propagate = propagates
