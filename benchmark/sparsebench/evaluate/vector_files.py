"""Sparse vectors as files that other tools read, and `sparse_vectors`: every float32 weight as it is."""

from __future__ import annotations

import io
import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from sparsebench.errors import SparsebenchError
from sparsebench.store import write_atomically, write_bytes_atomically

if TYPE_CHECKING:
    from scipy.sparse import csr_array

Writer = Callable[[Path, str, Sequence[str], "csr_array", Sequence[str]], Path]
"""Writes (folder, name, ids (N,), vectors (N, V), terms (V,)) and returns the file of the vectors."""


def json_lines(folder: Path, name: str, ids: Sequence[str], vectors: csr_array, terms: Sequence[str]) -> Path:
    """`NAME.jsonl`, as Anserini's JsonVectorCollection has vectors; weights are not rounded to integers."""
    path = folder / f"{name}.jsonl"
    rows = zip(ids, _rows(vectors, terms), strict=True)
    entries = ({"id": id_, "contents": "", "vector": dict(pairs)} for id_, pairs in rows)
    write_atomically(path, "".join(json.dumps(entry, ensure_ascii=False) + "\n" for entry in entries))
    return path


def lsr_npz(folder: Path, name: str, ids: Sequence[str], vectors: csr_array, terms: Sequence[str]) -> Path:
    """`NAME-embeddings.npz` and `NAME-ids.txt`, as lsr-benchmark has them: indices are the terms themselves."""
    path = folder / f"{name}-embeddings.npz"
    _savez(path, data=vectors.data, indices=np.array(terms, np.str_)[vectors.indices], indptr=vectors.indptr)
    _write_ids(folder, name, ids)
    return path


def csr_npz(folder: Path, name: str, ids: Sequence[str], vectors: csr_array, terms: Sequence[str]) -> Path:
    """`NAME.npz` as `scipy.sparse.load_npz` reads it, `NAME-ids.txt`, and `terms.json`, the name of each column."""
    from scipy.sparse import save_npz

    path, made = folder / f"{name}.npz", io.BytesIO()
    save_npz(made, vectors)
    write_bytes_atomically(path, made.getvalue())
    _write_ids(folder, name, ids)
    write_atomically(folder / "terms.json", json.dumps(list(terms), ensure_ascii=False))
    return path


def parquet(folder: Path, name: str, ids: Sequence[str], vectors: csr_array, terms: Sequence[str]) -> Path:
    """`NAME.parquet` with the columns `id` and `vector`, a map from term to weight."""
    try:
        import pyarrow as pa
        import pyarrow.parquet
    except ImportError:
        raise SparsebenchError("parquet needs pip install 'sparsebench[parquet]'") from None
    path, made = folder / f"{name}.parquet", io.BytesIO()
    column = pa.array([list(pairs) for pairs in _rows(vectors, terms)], type=pa.map_(pa.string(), pa.float32()))
    pyarrow.parquet.write_table(pa.table({"id": pa.array(ids, pa.string()), "vector": column}), made)
    write_bytes_atomically(path, made.getvalue())
    return path


WRITERS: Mapping[str, Writer] = {"jsonl": json_lines, "lsr": lsr_npz, "csr": csr_npz, "parquet": parquet}


def _rows(vectors: csr_array, terms: Sequence[str]) -> Iterator[list[tuple[str, float]]]:
    for start, stop in zip(vectors.indptr[:-1], vectors.indptr[1:], strict=True):
        columns, weights = vectors.indices[start:stop].tolist(), vectors.data[start:stop].tolist()
        yield [(terms[column], weight) for column, weight in zip(columns, weights, strict=True)]


def _write_ids(folder: Path, name: str, ids: Sequence[str]) -> None:
    write_atomically(folder / f"{name}-ids.txt", "".join(f"{id_}\n" for id_ in ids))


def _savez(path: Path, **arrays: np.ndarray) -> None:
    made = io.BytesIO()
    np.savez_compressed(made, allow_pickle=False, **arrays)
    write_bytes_atomically(path, made.getvalue())
