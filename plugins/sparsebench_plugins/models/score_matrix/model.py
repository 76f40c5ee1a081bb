"""A matrix of scores, or features of queries and documents, as a system."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal, NamedTuple

import numpy as np

from sparsebench import Json, ModelError, Query, ScoredIds, Scorer
from sparsebench.provenance import file_digest
from sparsebench_plugins.models.score_matrix.arrays import (
    Missing,
    floating,
    is_missing,
    read_array,
    rounded,
    similarities,
    without_missing,
)
from sparsebench_plugins.models.score_matrix.files import refused
from sparsebench_plugins.models.score_matrix.rows import rows_of


class _Part(NamedTuple):
    """Names of the parameters that hold the scores of some queries for some documents."""

    matrix: str
    query_features: str
    document_features: str
    query_ids: str
    document_ids: str


TEST = _Part("matrix", "query_features", "document_features", "query_ids", "document_ids")
BANK = _Part("bank_matrix", "bank_query_features", "document_features", "bank_query_ids", "document_ids")
BANK_GALLERY = _Part(
    "bank_gallery_matrix", "bank_query_features", "bank_document_features", "bank_query_ids", "bank_document_ids"
)


@dataclass(frozen=True, kw_only=True)
class ScoreMatrix(Scorer):
    """Scorer from a file: a score of every query for every document, but for pairs marked by `missing_value`, unseen.

    Files are .npy, .npz, .safetensors, .csv, .tsv or .txt (numbers alone), .mat, .pt or .pth (tensors alone), never a
    pickle of other objects. float64 stays float64; whole numbers that it cannot hold are counted.

    Give `matrix`, or `query_features` and `document_features`. What the collection does not have is left out, and
    documents so left out are counted. The bank may bring its own: `bank_matrix` and `bank_gallery_matrix`, or
    `bank_query_features` and `bank_document_features`.
    """

    matrix: Path | None = None
    """Scores, a row for each query and a column for each document."""

    transpose: bool = False
    """Matrices, the bank's too, have a row for each document and a column for each query."""

    query_features: Path | None = None
    """A vector for each query, in a row."""

    document_features: Path | None = None
    """A vector for each document, in a row."""

    similarity: Literal["cosine", "dot"] = "cosine"
    """How features are compared."""

    keys: dict[str, str] | None = field(default=None, hash=False)
    """Which array of a file that holds several: a parameter of the above or below, and its name there, as in
    `keys: {matrix: sims}`."""

    missing_value: Missing = None
    """What matrices have where a pair has no score, as `-100`, `nan` or `-inf`: it is not retrieved."""

    query_ids: Path | None = None
    """A text file that names the queries in their order in the files, one id a line; without it they are those of the
    collection in its order."""

    document_ids: Path | None = None
    """A text file that names the documents, as `query_ids` does."""

    id_columns: dict[str, str] | None = field(default=None, hash=False)
    """The column of ids, where a file of ids is a csv with a header, as in `id_columns: {document_ids: video_id}`. An
    id of several lines counts once where that makes as many ids as rows."""

    bank_matrix: Path | None = None
    """Scores of the bank's queries for the documents of the collection."""

    bank_gallery_matrix: Path | None = None
    """Scores of the bank's queries for the bank's own documents."""

    bank_query_features: Path | None = None
    """A vector for each query of the bank, in a row."""

    bank_document_features: Path | None = None
    """A vector for each of the bank's own documents, in a row."""

    bank_query_ids: Path | None = None
    """A text file that names the bank's queries, as `query_ids` does."""

    bank_document_ids: Path | None = None
    """A text file that names the bank's own documents, as `query_ids` does."""

    dense = True

    def __post_init__(self) -> None:
        """Raise ValueError for parameters that do not go together."""
        features = [name for name in vars(self) if name.endswith("_features") and vars(self)[name]]
        matrices = [name for name in vars(self) if name.endswith("matrix") and vars(self)[name]]
        if bool(self.matrix) == bool(self.query_features and self.document_features) or (features and matrices):
            given = ", ".join([*matrices, *features]) or "none of them"
            raise ValueError(f"give `matrix`, or `query_features` and `document_features`; there is {given}")
        if self.transpose and features:
            raise ValueError("`transpose` goes with `matrix`; for the other direction name the features the other way")
        for name in (*matrices, *features):
            if why := refused(vars(self)[name]):
                raise ValueError(f"`{name}`: {why}")
        if self.missing_value is not None and features:
            raise ValueError("`missing_value` goes with `matrix`: features give every pair a score")
        ids = [name for name in vars(self) if name.endswith("_ids") and vars(self)[name]]
        for parameter, named, there in (
            ("keys", self.keys, [*matrices, *features]),
            ("id_columns", self.id_columns, ids),
        ):
            if unknown := [name for name in named or {} if name not in there]:
                raise ValueError(
                    f"`{parameter}`: {unknown[0]!r} is none of the files given: {', '.join(there) or 'none'}"
                )

    @property
    def _files(self) -> dict[str, Path]:
        return {name: value for name, value in vars(self).items() if isinstance(value, Path)}

    def missing(self) -> Sequence[str]:
        """Files that are not at hand."""
        absent = {name: path for name, path in self._files.items() if not path.is_file()}
        return [f"{path}: there is no such file; set `{name}:`" for name, path in absent.items()]

    def identity(self) -> Mapping[str, Json]:
        """Digests of the files; their names do not matter. Raises ModelError."""
        if absent := self.missing():
            raise ModelError("\n".join(absent))
        digests = {name: file_digest(path) for name, path in self._files.items()}
        read_as = {"keys": self.keys, "id_columns": self.id_columns, "missing_value": self.missing_value}
        chosen: dict[str, Json] = {name: value for name, value in read_as.items() if value is not None}
        return {**digests, "transpose": self.transpose, "similarity": self.similarity, **chosen}

    def score(self, queries: Sequence[Query], doc_ids: np.ndarray) -> ScoredIds:
        """Dense scores (Q, D). Raises ModelError for damaged files and ids that are not there."""
        return self._score(queries, doc_ids, TEST)

    def score_bank(
        self, queries: Sequence[Query], doc_ids: np.ndarray, *, same_collection: bool, own_gallery: bool = False
    ) -> ScoredIds:
        """The bank's own scores, where the files bring them; else those of `score`, where ids mean the same there."""
        part = BANK_GALLERY if own_gallery else BANK
        if all(getattr(self, name) for name in self._sources(part)):
            return self._score(queries, doc_ids, part)
        if same_collection and not own_gallery:
            return self.score(queries, doc_ids)
        names = " and ".join(f"`{name}:`" for name in self._sources(part))
        raise ModelError(f"these are scores of a bank that score_matrix has not; give it {names}")

    def _sources(self, part: _Part) -> tuple[str, ...]:
        """Names of the parameters that hold the scores of a part."""
        return (part.matrix,) if self.matrix else (part.query_features, part.document_features)

    def _score(self, queries: Sequence[Query], doc_ids: np.ndarray, part: _Part) -> ScoredIds:
        arrays = [self._array(name) for name in self._sources(part)]
        whole = arrays[0].T if self.transpose else arrays[0]
        width = whole.shape[1] if self.matrix else len(arrays[1])
        rows = self._rows([query.query_id for query in queries], len(whole), "queries", part.query_ids)
        columns = self._rows([name.decode() for name in doc_ids.tolist()], width, "documents", part.document_ids)
        notes: dict[str, Json] = {"matrix_documents_left_out": width - len(doc_ids)}
        if not self.matrix:
            chosen = _picked(whole, rows), _picked(arrays[1], columns)
            return ScoredIds(similarities(*chosen, cosine=self.similarity == "cosine"), notes)
        found = _picked(_picked(whole, rows).T, columns).T
        counts = {
            "matrix_scores_rounded": rounded(found),
            "matrix_pairs_missing": int(is_missing(found, self.missing_value).sum()),
        }
        notes |= {name: count for name, count in counts.items() if count}
        return ScoredIds(without_missing(floating(found), self.missing_value), notes)

    def _array(self, name: str) -> np.ndarray:
        missing = self.missing_value if self.matrix else None
        return read_array(getattr(self, name), name=(self.keys or {}).get(name), missing=missing)

    def _rows(self, asked: Sequence[str], size: int, whose: str, parameter: str) -> np.ndarray | None:
        column = (self.id_columns or {}).get(parameter)
        return rows_of(asked, getattr(self, parameter), size, whose=whose, parameter=parameter, column=column)


def _picked(array: np.ndarray, rows: np.ndarray | None) -> np.ndarray:
    """Some rows; where it is all of them, the array itself, which may be on the disk."""
    return array if rows is None else array[rows]
