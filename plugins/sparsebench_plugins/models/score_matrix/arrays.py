"""Matrices of scores and features, checked."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Literal

import numpy as np

from sparsebench import ModelError
from sparsebench_plugins.models.score_matrix.files import read_file

if TYPE_CHECKING:
    from scipy.sparse import csr_array

THREE = (
    "Features of frames are pooled first, each frame normalised if the model does so. A matrix of several captions a "
    "video, stacked and padded, becomes one with `m.reshape(-1, m.shape[-1])` without the rows of the padding"
)

ROWS_AT_ONCE = 1024
Missing = float | Literal["nan", "-inf"] | None
"""What a matrix has in place of a score; None where every pair has one."""


def read_array(path: Path, *, name: str | None = None, missing: Missing = None) -> np.ndarray:
    """The matrix (rows, columns) that a file holds, or the one of that name; .npy and .safetensors stay on the disk.

    Raises ModelError, with the file, for anything but a matrix of real numbers, finite but for those `missing`.
    """
    array = read_file(path, name)
    if array.ndim == 3 and array.dtype.kind in "fiu":
        raise ModelError(
            f"{path}: should hold a matrix of real numbers, and holds {array.dtype} {array.shape}. {THREE}"
        )
    if array.ndim != 2 or array.dtype.kind not in "fiu":
        raise ModelError(f"{path}: should hold a matrix of real numbers, and holds {array.dtype} {array.shape}")
    _refuse_unsound(path, array, missing)
    return array


def _refuse_unsound(path: Path, array: np.ndarray, missing: Missing) -> None:
    for start in range(0, len(array), ROWS_AT_ONCE):
        rows = array[start : start + ROWS_AT_ONCE]
        sound = np.isfinite(rows) | is_missing(rows, missing)
        if not sound.all():
            row, column = np.argwhere(~sound)[0].tolist()
            value = rows[row, column]
            raise ModelError(
                f"{path}: {value} in row {start + row}, column {column} (counted from 0). Every score must be finite; "
                "if it stands for a pair that has none, say so with `missing_value: nan` or `-inf`"
            )


def is_missing(scores: np.ndarray, missing: Missing) -> np.ndarray:
    """Mark the pairs that have no score, bool of the same shape."""
    if missing is None:
        return np.zeros(scores.shape, dtype=bool)
    found: np.ndarray = np.isnan(scores) if missing == "nan" else scores == float(missing)
    return found


def without_missing(scores: np.ndarray, missing: Missing) -> csr_array | np.ndarray:
    """Scores (Q, D) whose missing pairs are unseen: CSR without them, the same array where there are none."""
    from scipy.sparse import csr_array

    there = ~is_missing(scores, missing)
    if there.all():
        return scores
    starts = np.concatenate([[0], np.cumsum(there.sum(axis=1))])
    wide = scores.astype(np.float32) if scores.dtype.itemsize < 4 else scores  # scipy has no sparse float16
    return csr_array((wide[there], np.nonzero(there)[1], starts), shape=scores.shape)


def rounded(array: np.ndarray) -> int:
    """Return how many numbers `floating` rounds: whole numbers and extended ones that float64 cannot hold."""
    if array.dtype.itemsize < 8 or array.dtype == np.float64:
        return 0
    with np.errstate(invalid="ignore"):  # 2**63 - 1 is rounded to what int64 cannot hold
        return int((floating(array).astype(array.dtype) != array).sum())


def floating(array: np.ndarray) -> np.ndarray:
    """Return the numbers in a floating type that holds them: float32 whole numbers of up to 16 bits, float64 larger
    ones.

    Numbers of more than 64 bits become float64.
    """
    if array.dtype.kind == "f":
        return array if array.dtype.itemsize <= 8 else array.astype(np.float64)
    return array.astype(np.result_type(array.dtype, np.float32))


def similarities(queries: np.ndarray, documents: np.ndarray, *, cosine: bool) -> np.ndarray:
    """Dot products or cosines (Q, D) of features (Q, n) and (D, n), summed in float64.

    They are float64 where one of the features is, else float32.

    Raises ModelError for different n, and for a feature vector of length 0, which has no cosine.
    """
    if queries.shape[1] != documents.shape[1]:
        raise ModelError(
            f"features of queries have {queries.shape[1]} dimensions and those of documents {documents.shape[1]}: "
            "they are not of one space"
        )
    exact = max(queries.dtype.itemsize, documents.dtype.itemsize) > 4
    documents = _prepared(documents, "documents", cosine)
    scores = np.empty((len(queries), len(documents)), dtype=np.float64 if exact else np.float32)
    prepared = _prepared(queries, "queries", cosine)
    for start in range(0, len(queries), ROWS_AT_ONCE):
        scores[start : start + ROWS_AT_ONCE] = prepared[start : start + ROWS_AT_ONCE] @ documents.T
    return scores


def _prepared(features: np.ndarray, whose: str, cosine: bool) -> np.ndarray:
    exact: np.ndarray = features.astype(np.float64)
    if not cosine:
        return exact
    lengths = np.linalg.norm(exact, axis=1, keepdims=True)
    if not lengths.all():
        row = int(np.flatnonzero(lengths[:, 0] == 0)[0])
        raise ModelError(f"the features of {whose} in row {row} (counted from 0) are all 0, and have no cosine")
    exact /= lengths
    return exact
