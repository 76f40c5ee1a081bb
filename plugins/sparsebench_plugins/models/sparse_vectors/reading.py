"""Files of sparse vectors: JsonVectorCollection, lsr-benchmark's npz, SciPy's CSR with ids, parquet."""

from __future__ import annotations

import gzip
import json
import math
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from sparsebench import ModelError
from sparsebench.encoding import csr

if TYPE_CHECKING:
    from scipy.sparse import csr_array


@dataclass
class Terms:
    """Terms of both roles in the order in which they were first seen: a term is a dimension."""

    places: dict[str, int] = field(default_factory=dict)

    def place(self, term: object) -> int:
        """The dimension of a term; a new one for a new term."""
        return self.places.setdefault(str(term), len(self.places))


@dataclass(frozen=True)
class Rows:
    """Rows of a file of vectors.

    ids: of N texts, each once. columns, values: of the entries, row after row. sizes: (N,) entries of each.
    """

    ids: list[str]
    columns: np.ndarray
    values: np.ndarray
    sizes: np.ndarray

    def matrix(self, size: int) -> csr_array:
        """The vectors (N, size)."""
        return csr(self.values, self.columns, self.sizes, size)


def read_rows(path: Path, ids: Path | None, terms: Terms) -> Rows:
    """Read a file of vectors, or a folder of JSON lines; raises ModelError with file and line."""
    if path.suffix == ".npz":
        found = _npz(path, ids, terms)
    elif path.suffix == ".parquet":
        found = _joined(path, _parquet(path), terms)
    else:
        found = _joined(path, _json_lines(path), terms)
    if len(set(found.ids)) < len(found.ids):
        raise ModelError(f"{path}: an id is there twice")
    if not np.isfinite(found.values).all() or (found.values < 0).any():
        raise ModelError(
            f"{path}: a weight is negative or not finite; sparse vectors here are positive. `score_matrix` takes inner "
            "products that you computed"
        )
    return found


def _joined(path: Path, entries: Iterable[tuple[str, dict[str, float]]], terms: Terms) -> Rows:
    ids, columns, values, sizes = [], [], [], []
    for name, vector in entries:
        kept = {terms.place(term): weight for term, weight in vector.items() if weight}
        ids.append(name)
        sizes.append(len(kept))
        columns += sorted(kept)
        values += [kept[place] for place in sorted(kept)]
    if not ids:
        raise ModelError(f"{path}: holds no vector")
    return Rows(ids, np.array(columns, np.int64), np.array(values, np.float32), np.array(sizes, np.int64))


def _json_lines(path: Path) -> Iterator[tuple[str, dict[str, float]]]:
    """Anserini's `{"id", "contents", "vector": {token: impact}}`, a line each."""
    files = sorted(each for each in path.rglob("*.json*") if each.is_file()) if path.is_dir() else [path]
    for each in files:
        opened = gzip.open if each.suffix == ".gz" else open
        with opened(each, "rt", encoding="utf-8") as lines:
            for number, line in enumerate(lines, start=1):
                if line.strip():
                    yield _entry(f"{each}:{number}", line)


def _entry(place: str, line: str) -> tuple[str, dict[str, float]]:
    try:
        entry = json.loads(line)
        name, vector = entry["id"], entry["vector"]
        weights = {term: float(weight) for term, weight in vector.items()}
    except (ValueError, KeyError, TypeError, AttributeError):
        raise ModelError(f'{place}: is not {{"id": ..., "vector": {{token: weight}}}}') from None
    if not all(map(math.isfinite, weights.values())):
        raise ModelError(f"{place}: a weight is not finite")
    return str(name), weights


def _npz(path: Path, ids: Path | None, terms: Terms) -> Rows:
    """SciPy's CSR, or lsr-benchmark's, whose indices are the terms themselves."""
    try:
        with np.load(path, allow_pickle=False) as arrays:
            values, indices, indptr = (np.asarray(arrays[name]) for name in ("data", "indices", "indptr"))
    except (OSError, KeyError, ValueError) as error:
        raise ModelError(f"{path}: is no npz of data, indices and indptr: {error}") from None
    beside = ids or path.with_name(path.stem.removesuffix("-embeddings") + "-ids.txt")
    if not beside.is_file():
        raise ModelError(f"{path}: its ids are not in {beside}; `document_ids` and `query_ids` name files of ids")
    names = beside.read_text(encoding="utf-8").split("\n")
    names = names[:-1] if names and not names[-1] else names
    if len(names) != len(indptr) - 1 or len(values) != len(indices) or (len(indptr) and indptr[-1] != len(values)):
        raise ModelError(
            f"{path}: {len(indptr) - 1} vectors of {len(values)} entries, and {beside} has {len(names)} ids"
        )
    if indices.dtype.kind in "iu" and len(indices) and indices.min() < 0:
        raise ModelError(f"{path}: an index is negative")
    rows = zip(names, indptr[:-1], indptr[1:], strict=True)
    entries = (
        (name, dict(zip(indices[start:stop].tolist(), values[start:stop].tolist(), strict=True)))
        for name, start, stop in rows
    )
    return _joined(path, entries, terms)


def _parquet(path: Path) -> Iterator[tuple[str, dict[str, float]]]:
    """A column `id` and a column `vector`, a map or a struct from term to weight."""
    try:
        import pyarrow.parquet
    except ImportError:
        raise ModelError(f"{path}: parquet needs pip install 'sparsebench[parquet]'") from None
    try:
        table = pyarrow.parquet.read_table(path, columns=["id", "vector"])
    except Exception as error:  # of whatever pyarrow says of a file
        raise ModelError(f"{path}: is no parquet with columns id and vector: {error}") from None
    for row in table.to_pylist():
        vector: Any = row["vector"] or {}
        pairs = vector.items() if isinstance(vector, dict) else vector
        yield str(row["id"]), {str(term): float(weight) for term, weight in pairs if weight is not None}
