"""Arrays of the files that people save them in. Nothing here runs what a file says: no pickle is ever loaded."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from sparsebench import ModelError
from sparsebench_plugins.models.score_matrix.numbers import read_numbers

if TYPE_CHECKING:
    from torch import Tensor

PICKLED = (
    "it holds Python objects (a pickle), which can run anything when they are loaded, and so is not read. Whoever made "
    "it can save the matrix alone, e.g. `np.save('scores.npy', np.asarray(sims['sims'], dtype='float32'))`"
)
PICKLES = f"is a pickle: {PICKLED}"
VERSION_7_3 = (
    "a .mat of version 7.3, which is HDF5; convert it: in MATLAB `save('scores.mat', 'sims', '-v7')`, or in Python "
    "`np.save('scores.npy', h5py.File(FILE)[NAME][()].T)`"
)
CONVERSIONS = {
    ".pkl": PICKLES,
    ".pickle": PICKLES,
    ".h5": "convert it: `np.save('scores.npy', h5py.File(FILE)[NAME][()])`",
    ".hdf5": "convert it: `np.save('scores.npy', h5py.File(FILE)[NAME][()])`",
    ".parquet": "convert it: `np.save('scores.npy', pandas.read_parquet(FILE).to_numpy())`",
    ".json": "convert it: `np.save('scores.npy', np.array(json.load(open(FILE))))`",
}
"""What to do with files that are not read."""


def read_file(path: Path, name: str | None) -> np.ndarray:
    """The array that a file holds, by its suffix; `name` says which where it holds several. .npy stays on the disk.

    Raises ModelError, with the file, for what cannot be read.
    """
    try:
        return READERS[path.suffix](path, name)
    except ModelError:
        raise
    except Exception as error:  # each reader has its own way to say that a file is damaged
        if _is_pickled(path):
            # numpy advises to load it unsafely, which runs whatever the file says.
            raise ModelError(f"{path}: {PICKLED}") from None
        raise ModelError(f"{path}: cannot be read as {path.suffix}: {error}") from error


def refused(path: Path) -> str | None:
    """Return why a file of this suffix is not read, and what makes it one that is; None where it is read."""
    if path.suffix in READERS:
        return None
    way = CONVERSIONS.get(path.suffix, "save the matrix with `np.save('scores.npy', matrix)`")
    return f"{path.name} is none of {', '.join(READERS)}; {way}"


def _npy(path: Path, name: str | None) -> np.ndarray:
    found: Any = np.load(path, "r", allow_pickle=False)
    if not isinstance(found, np.ndarray):
        found.close()
        raise ModelError(f"{path}: it is an archive of several arrays: name it .npz")
    return _only(path, found, name)


def _npz(path: Path, name: str | None) -> np.ndarray:
    found = np.load(path, allow_pickle=False)
    if isinstance(found, np.ndarray):
        return _only(path, found, name)
    with found as archive:
        array: np.ndarray = archive[_chosen(path, archive.files, name)]
    return array


def _safetensors(path: Path, name: str | None) -> np.ndarray:
    from safetensors import safe_open

    with safe_open(path, framework="pt") as file:
        return _numpy(path, file.get_tensor(_chosen(path, list(file.keys()), name)))


def _mat(path: Path, name: str | None) -> np.ndarray:
    from scipy.io import loadmat, whosmat

    try:
        found = _chosen(path, [each for each, *_ in whosmat(path)], name)
    except NotImplementedError:  # version 7.3 is HDF5
        raise ModelError(f"{path}: {VERSION_7_3}") from None
    array: np.ndarray = loadmat(path, variable_names=[found])[found]
    return array


def _torch(path: Path, name: str | None) -> np.ndarray:
    import pickle

    import torch

    try:
        found: Any = torch.load(path, map_location="cpu", weights_only=True)
    except pickle.UnpicklingError:
        # torch's own words advise to load it unsafely.
        raise ModelError(f"{path}: beside tensors {PICKLED}") from None
    if isinstance(found, torch.Tensor):
        return _only(path, _numpy(path, found), name)
    if not isinstance(found, Mapping):
        raise ModelError(
            f"{path}: it holds a {type(found).__name__}, neither a tensor nor named ones; save the matrix alone: "
            "`torch.save(torch.as_tensor(sims), 'scores.pt')`"
        )
    tensors = {str(key): each for key, each in found.items() if isinstance(each, torch.Tensor)}
    return _numpy(path, tensors[_chosen(path, list(tensors), name)])


def _numpy(path: Path, tensor: Tensor) -> np.ndarray:
    import torch

    if tensor.layout != torch.strided:
        raise ModelError(f"{path}: the tensor is sparse; save it with `.to_dense()`")
    tensor = tensor.detach().resolve_neg().resolve_conj()
    found: np.ndarray = (tensor.float() if tensor.dtype == torch.bfloat16 else tensor).numpy()  # numpy has no bfloat16
    return found


def _numbers(path: Path, name: str | None) -> np.ndarray:
    return _only(path, read_numbers(path), name)


def _chosen(path: Path, names: Sequence[str], name: str | None) -> str:
    """The name asked for, or the only one."""
    there = ", ".join(names) or "none"
    if name is None and len(names) != 1:
        raise ModelError(f"{path}: it holds {len(names)} arrays: {there}. Say which: `keys: {{PARAMETER: NAME}}`")
    if name is not None and name not in names:
        raise ModelError(f"{path}: there is no array {name!r} in it; there is: {there}")
    return names[0] if name is None else name


def _only(path: Path, array: np.ndarray, name: str | None) -> np.ndarray:
    if name is not None:
        raise ModelError(f"{path}: it holds one array without a name, and `keys:` asks for {name!r}; leave that out")
    return array


def _is_pickled(path: Path) -> bool:
    """Return whether it is a pickle, or .npy and .npz files of Python objects; without loading it."""
    import zipfile

    if not path.is_file():
        return False
    heads = []
    with path.open("rb") as file:
        heads.append(file.read(4096))
    if path.suffix == ".npz" and zipfile.is_zipfile(path):
        with suppress(Exception), zipfile.ZipFile(path) as archive:  # it is damaged, and each part in its own way
            heads += [archive.open(member).read(4096) for member in archive.namelist()]
    return any(
        (head.startswith(b"\x93NUMPY") and b"|O" in head.split(b"\n")[0]) or head.startswith(b"\x80") for head in heads
    )


READERS: Mapping[str, Callable[[Path, str | None], np.ndarray]] = {
    ".npy": _npy,
    ".npz": _npz,
    ".safetensors": _safetensors,
    ".csv": _numbers,
    ".tsv": _numbers,
    ".txt": _numbers,
    ".mat": _mat,
    ".pt": _torch,
    ".pth": _torch,
}
"""By suffix."""
