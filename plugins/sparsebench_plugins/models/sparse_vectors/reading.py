"""Files of sparse vectors: JsonVectorCollection, lsr-benchmark's npz, SciPy's CSR with ids, parquet."""

from __future__ import annotations

import gzip
import json
import math
import zlib
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from sparsebench import ModelError
from sparsebench.encoding import csr
from sparsebench_plugins.models.sparse_vectors.compressed import read_npz
from sparsebench_plugins.models.sparse_vectors.vocabulary import Dimensions

if TYPE_CHECKING:
    from scipy.sparse import csr_array

Pairs = Iterable[tuple[Any, float]]
"""Terms, names or numbers, and their weights."""


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


def read_rows(path: Path, ids: Path | None, terms: Dimensions) -> Rows:
    """Read a file of vectors, or a folder of JSON lines; raises ModelError with file and line."""
    if path.suffix == ".npz":
        found = _joined(path, read_npz(path, ids), terms)
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


def _joined(path: Path, entries: Iterable[tuple[str, Pairs]], terms: Dimensions) -> Rows:
    ids: list[str] = []
    columns: list[int] = []
    values: list[float] = []
    sizes: list[int] = []
    for name, vector in entries:
        pairs = sorted((terms.place(term), weight) for term, weight in vector if weight)
        if len({place for place, _ in pairs}) < len(pairs):
            raise ModelError(f"{path}: the vector of {name!r} has a term twice; add its weights up, or keep one")
        ids.append(name)
        sizes.append(len(pairs))
        columns += [place for place, _ in pairs]
        values += [weight for _, weight in pairs]
    if not ids:
        raise ModelError(f"{path}: holds no vector")
    return _in_float32(ids, np.array(columns, np.int64), np.array(values, np.float64), np.array(sizes, np.int64))


def _in_float32(ids: list[str], columns: np.ndarray, values: np.ndarray, sizes: np.ndarray) -> Rows:
    """Round; a weight that is 0 then is not active."""
    with np.errstate(over="ignore"):  # infinity is refused by whoever reads
        rounded = values.astype(np.float32)
    active = rounded != 0
    rows = np.repeat(np.arange(len(ids)), sizes)[active]
    return Rows(ids, columns[active], rounded[active], np.bincount(rows, minlength=len(ids)))


def _json_lines(path: Path) -> Iterator[tuple[str, Pairs]]:
    """Anserini's `{"id", "contents", "vector": {token: impact}}`, a line each."""
    files = sorted(each for each in path.rglob("*.json*") if each.is_file()) if path.is_dir() else [path]
    for each in files:
        opened = gzip.open if each.suffix == ".gz" else open
        try:
            with opened(each, "rt", encoding="utf-8") as lines:
                for number, line in enumerate(lines, start=1):
                    if line.strip():
                        yield _entry(f"{each}:{number}", line)
        except (OSError, EOFError, UnicodeDecodeError, zlib.error) as error:
            raise ModelError(f"{each}: cannot be read as lines of JSON, is it whole? {error}") from None


def _entry(place: str, line: str) -> tuple[str, Pairs]:
    try:
        entry = json.loads(line, object_pairs_hook=_each_once)
        name, vector = entry["id"], entry["vector"]
        weights = [(term, float(weight)) for term, weight in vector.items()]
    except (ValueError, KeyError, TypeError, AttributeError, OverflowError, RecursionError) as error:
        reason = f" ({error})" if isinstance(error, _TwiceError) else ""
        raise ModelError(f'{place}: is not {{"id": ..., "vector": {{token: weight}}}}{reason}') from None
    if not all(math.isfinite(weight) for _, weight in weights):
        raise ModelError(f"{place}: a weight is not finite")
    return _id(place, name), weights


class _TwiceError(ValueError):
    """A name is in an object twice, of which Python's reader would keep the last."""


def _each_once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) < len(pairs):
        twice = next(name for at, (name, _) in enumerate(pairs) if name in dict(pairs[:at]))
        raise _TwiceError(f"{twice!r} is there twice")
    return found


def _id(place: object, name: Any) -> str:
    """An id as collections have it; raises ModelError for what is neither text nor a whole number."""
    if isinstance(name, bool) or not isinstance(name, str | int):
        raise ModelError(f"{place}: the id {name!r} is neither text nor a whole number")
    return str(name)


def _parquet(path: Path) -> Iterator[tuple[str, Pairs]]:
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
        try:
            pairs = vector.items() if isinstance(vector, dict) else vector
            weights = [(str(term), float(weight)) for term, weight in pairs if weight is not None]
        except (TypeError, ValueError):
            raise ModelError(f"{path}: the vector of {row['id']!r} is no map from term to weight") from None
        yield _id(path, row["id"]), weights
