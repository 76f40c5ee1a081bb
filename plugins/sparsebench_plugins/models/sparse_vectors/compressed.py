"""Vectors in compressed rows: SciPy's CSR with ids, and lsr-benchmark's, whose indices are the terms themselves."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np

from sparsebench import ModelError


def read_npz(path: Path, ids: Path | None) -> Iterator[tuple[str, list[tuple[Any, float]]]]:
    """Read id, and terms with their weights, row by row; raises ModelError for what is no whole matrix of rows.

    ids: the file of ids, one a line; `NAME-ids.txt` beside `NAME-embeddings.npz` where None.
    """
    values, indices, indptr = _arrays(path)
    beside = ids or path.with_name(path.stem.removesuffix("-embeddings") + "-ids.txt")
    names = _names(path, beside)
    if len(names) != len(indptr) - 1 or len(values) != len(indices):
        raise ModelError(
            f"{path}: {len(indptr) - 1} vectors of {len(values)} entries, {len(indices)} terms; and {beside} has "
            f"{len(names)} ids"
        )
    for name, start, stop in zip(names, indptr[:-1].tolist(), indptr[1:].tolist(), strict=True):
        yield name, list(zip(indices[start:stop].tolist(), values[start:stop].tolist(), strict=True))


def _arrays(path: Path) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Weights and terms of all entries, and where rows begin; raises ModelError."""
    try:
        with np.load(path, allow_pickle=False) as arrays:
            kind = arrays["format"].item() if "format" in arrays else b"csr"
            values, indices, indptr = (np.asarray(arrays[name]) for name in ("data", "indices", "indptr"))
    except Exception as error:  # of whatever numpy says of a file
        raise ModelError(f"{path}: is no npz of data, indices and indptr: {error}") from None
    if kind not in (b"csr", "csr"):
        raise ModelError(f"{path}: is SciPy's format {kind!r}, not rows; save it as `matrix.tocsr()`")
    if any(array.ndim != 1 for array in (values, indices, indptr)):
        raise ModelError(f"{path}: data, indices and indptr must have one dimension")
    if values.dtype.kind not in "fiu" or indices.dtype.kind not in "iuU" or indptr.dtype.kind not in "iu":
        raise ModelError(f"{path}: data must be numbers, indices whole numbers or terms, indptr whole numbers")
    if not len(indptr) or indptr[0] != 0 or (indptr[1:] < indptr[:-1]).any() or indptr[-1] != len(values):
        raise ModelError(f"{path}: indptr must rise from 0 to the number of entries, {len(values)}")
    if indices.dtype.kind in "iu" and len(indices) and indices.min() < 0:
        raise ModelError(f"{path}: an index is negative")
    return values, indices, indptr


def _names(path: Path, beside: Path) -> list[str]:
    if not beside.is_file():
        raise ModelError(f"{path}: its ids are not in {beside}; `document_ids` and `query_ids` name files of ids")
    try:
        names = beside.read_text(encoding="utf-8").split("\n")
    except (OSError, UnicodeDecodeError) as error:
        raise ModelError(f"{beside}: is no text of ids in UTF-8: {error}") from None
    return names[:-1] if names and not names[-1] else names
