"""Arrays of numbers from files that can hold nothing else: memory-mapped, no pickle."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from sparsebench import ModelError

SUFFIXES = (".npy", ".safetensors")
ROWS_AT_ONCE = 1024
SAVE_ONE = "`np.save('scores.npy', np.load(FILE)[NAME])`"
PICKLED = (
    "it holds Python objects (a pickle), which can run anything when they are loaded, and so is not read. Whoever made "
    "it can save the matrix alone, e.g. `np.save('scores.npy', np.asarray(sims['sims'], dtype='float32'))`"
)


def read_array(path: Path) -> np.ndarray:
    """The matrix (rows, columns) in a .npy file, or the only one in a .safetensors file; it stays on the disk.

    Raises ModelError, with the file, for anything but a finite matrix of real numbers.
    """
    try:
        array = _read_safetensors(path) if path.suffix == ".safetensors" else np.load(path, "r", allow_pickle=False)
    except ModelError:
        raise
    except Exception as error:  # each reader has its own way to say that a file is damaged
        if path.suffix == ".npy" and _is_pickled(path):
            # numpy advises to load it unsafely, which runs whatever the file says.
            raise ModelError(f"{path}: {PICKLED}") from None
        raise ModelError(f"{path}: cannot be read as {path.suffix}: {error}") from error
    if not isinstance(array, np.ndarray):
        raise ModelError(f"{path}: it is an archive of several arrays (.npz). Save the one: {SAVE_ONE}")
    if array.ndim != 2 or array.dtype.kind not in "fiu":
        raise ModelError(f"{path}: should hold a matrix of real numbers, and holds {array.dtype} {array.shape}")
    _refuse_unsound(path, array)
    return array


def _is_pickled(path: Path) -> bool:
    """Whether it is a pickle, or a .npy file of Python objects; without loading it."""
    if not path.is_file():
        return False
    with path.open("rb") as file:
        head = file.read(4096)
    return (head.startswith(b"\x93NUMPY") and b"|O" in head.split(b"\n")[0]) or head.startswith(b"\x80")


def _read_safetensors(path: Path) -> np.ndarray:
    import torch
    from safetensors import safe_open

    with safe_open(path, framework="pt") as file:
        names = list(file.keys())
        if len(names) != 1:
            raise ModelError(f"{path}: should hold one tensor, and holds {len(names)}: {', '.join(names) or 'none'}")
        tensor = file.get_tensor(names[0])
    found: np.ndarray = (tensor.float() if tensor.dtype == torch.bfloat16 else tensor).numpy()  # numpy has no bfloat16
    return found


def _refuse_unsound(path: Path, array: np.ndarray) -> None:
    for start in range(0, len(array), ROWS_AT_ONCE):
        sound = np.isfinite(array[start : start + ROWS_AT_ONCE])
        if not sound.all():
            row, column = np.argwhere(~sound)[0].tolist()
            value = array[start + row, column]
            raise ModelError(
                f"{path}: {value} in row {start + row}, column {column} (counted from 0). Every number must be finite: "
                "a pair without a score is not possible in a matrix; use run_file for a system that ranks some only"
            )


def floating(array: np.ndarray) -> np.ndarray:
    """The same numbers in a floating type that holds them: float32 integers of up to 16 bits, float64 larger ones."""
    return array if array.dtype.kind == "f" else array.astype(np.result_type(array.dtype, np.float32))


def similarities(queries: np.ndarray, documents: np.ndarray, *, cosine: bool) -> np.ndarray:
    """Dot products or cosines (Q, D) float32 of features (Q, n) and (D, n), summed in float64.

    Raises ModelError for different n, and for a feature vector of length 0, which has no cosine.
    """
    if queries.shape[1] != documents.shape[1]:
        raise ModelError(
            f"features of queries have {queries.shape[1]} dimensions and those of documents {documents.shape[1]}: "
            "they are not of one space"
        )
    documents = _prepared(documents, "documents", cosine)
    scores = np.empty((len(queries), len(documents)), dtype=np.float32)
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
