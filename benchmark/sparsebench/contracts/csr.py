"""Check that the parts of a CSR matrix fit together: compiled loops follow them wherever they point."""

from __future__ import annotations

import numpy as np

from sparsebench.errors import ContractError


def check_csr(indptr: np.ndarray, indices: np.ndarray, entries: int, shape: tuple[int, int], owner: str) -> None:
    """Raise ContractError unless the parts of a CSR matrix (N, V) that `owner` returned point within each other."""
    rows, columns = shape
    whole = np.issubdtype(indptr.dtype, np.integer) and np.issubdtype(indices.dtype, np.integer)
    sound = whole and len(indptr) == rows + 1 and indptr[0] == 0 and indptr[-1] == len(indices) == entries
    if not sound or (np.diff(indptr) < 0).any():
        raise ContractError(owner, "indptr", f"row starts do not fit {entries} entries in {rows} rows")
    outside = (indices < 0) | (indices >= columns)
    if outside.any():
        place = int(np.argmax(outside))
        found = f"row {row_of(indptr, place)} has an entry in column {indices[place]}; there are {columns}"
        raise ContractError(owner, "in range", found)


def row_of(indptr: np.ndarray, place: int) -> int:
    """The row of the entry at `place`."""
    return int(np.searchsorted(indptr, place, side="right")) - 1
