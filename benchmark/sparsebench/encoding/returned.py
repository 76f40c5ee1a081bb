"""Check what an encoder returns before it is stored: linear in the entries, little beside encoding."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from sparsebench.contracts import LoadedEncoder
from sparsebench.contracts.calls import calling
from sparsebench.contracts.csr import check_csr, row_of
from sparsebench.errors import ContractError
from sparsebench.types import Encoded, Role

if TYPE_CHECKING:
    from scipy.sparse import csr_array


def encoded(encoder: LoadedEncoder, texts: Sequence[str], role: Role, *, key: str = "") -> Encoded:
    """Encode texts with `encoder` and check `Encoded`'s promise; raises ContractError with the rule that it breaks.

    key: what tells the call from others of this encoder, where the process is supervised.
    """
    owner = f"{type(encoder).__name__}.encode(…, {role!r})"
    size = getattr(getattr(encoder, "vocabulary", None), "size", None)
    if not isinstance(size, int | np.integer):
        raise ContractError(owner, "vocabulary", f"vocabulary.size is {size!r}, not the number of output dimensions")
    with calling(owner, key):
        returned = encoder.encode(list(texts), role)
    return checked_vectors(returned, shape=(len(texts), int(size)), owner=owner)


def checked_vectors(returned: object, *, shape: tuple[int, int], owner: str) -> Encoded:
    """Check the vectors that `owner` returned for N texts; raises ContractError.

    shape: (N, V), V that of the vocabulary: queries and documents must meet in one.
    """
    if not isinstance(returned, Encoded):
        raise ContractError(owner, "Encoded", f"it returned {type(returned).__name__}, not sparsebench.Encoded")
    vectors: Any = returned.vectors
    if getattr(vectors, "format", None) != "csr":
        kind = getattr(vectors, "format", type(vectors).__name__)
        raise ContractError(owner, "csr", f"vectors are {kind}, not a scipy.sparse.csr_array")
    if vectors.shape != shape:
        raise ContractError(owner, "shape", f"vectors {vectors.shape}, not {shape} (texts, vocabulary.size)")
    if vectors.dtype != np.float32:
        raise ContractError(owner, "float32", f"weights are {vectors.dtype}, not float32")
    _check_structure(vectors, owner)
    _check_weights(vectors, owner)
    if not 0 <= returned.truncated <= shape[0]:
        raise ContractError(owner, "truncated", f"{returned.truncated} of {shape[0]} texts were cut")
    return returned


def _check_structure(vectors: csr_array, owner: str) -> None:
    """Rows and columns, before anything compiled follows them."""
    check_csr(vectors.indptr, vectors.indices, len(vectors.data), vectors.shape, owner)
    rises = np.diff(vectors.indices.astype(np.int64)) > 0
    starts = vectors.indptr[1:-1]  # of the second row and on: there the column may fall
    rises[starts[(starts > 0) & (starts <= len(rises))] - 1] = True
    if not rises.all():
        row = row_of(vectors.indptr, int(np.argmin(rises)) + 1)
        raise ContractError(owner, "sorted", f"columns of row {row} are not ascending, or come twice")


def _check_weights(vectors: csr_array, owner: str) -> None:
    for rule, unsound in (("finite", ~np.isfinite(vectors.data)), ("positive", vectors.data <= 0)):
        if unsound.any():
            place = int(np.argmax(unsound))
            row, column = row_of(vectors.indptr, place), vectors.indices[place]
            found = f"the weight {vectors.data[place]:g} in row {row}, column {column}"
            raise ContractError(owner, rule, f"{found} ({np.count_nonzero(unsound)} of {unsound.size} entries)")
