"""The model `sparse_vectors` as suites name it."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from sparsebench import Document, Json, LoadedEncoder, Role, VectorsById
from sparsebench.provenance import file_digest
from sparsebench_plugins.models.sparse_vectors.loaded import GivenVectors
from sparsebench_plugins.models.sparse_vectors.reading import read_rows
from sparsebench_plugins.models.sparse_vectors.vocabulary import Dimensions, SeenTerms, read_vocabulary


@dataclass(frozen=True, kw_only=True)
class SparseVectors(VectorsById):
    """Vectors of documents and queries that somebody else made, by id; scores are their inner products.

    Example: `SparseVectors(documents=Path("docs.jsonl"), queries=Path("queries.jsonl"))`.
    """

    documents: Path
    """Vectors of documents: JSON lines as Anserini's JsonVectorCollection has them (a file, plain or .gz, or a folder),
    an .npz of lsr-benchmark or of SciPy, or a parquet file with the columns `id` and `vector`."""

    queries: Path
    """Vectors of queries, in any of these forms; terms are matched by name, those of SciPy by number."""

    document_ids: Path | None = None
    """Of an .npz of documents the file of ids, one a line; `NAME-ids.txt` beside `NAME-embeddings.npz` if left out."""

    query_ids: Path | None = None
    """Of an .npz of queries the file of ids, one a line."""

    vocabulary: Path | None = None
    """What the terms are: `tokenizer.json` of the model that made them, or BERT's `vocab.txt`. Numbers of SciPy are
    its ids. Without it dimensions are latent: they have no surface form, and wackiness is undefined."""

    expands_queries: bool = True
    """Whether queries have terms that are not their own tokens; wackiness is undefined where they have none."""

    def identity(self, role: Role) -> Mapping[str, Json]:
        """Digests of all files: terms are numbered over both roles."""
        return {
            "files": {name: _digests(path) for name, path in self._files().items()},
            "expands_queries": self.expands_queries,
            "rounding": "float32",
        }

    def missing(self) -> Sequence[str]:
        """Name the files that are not there."""
        return [f"{path} is not there" for path in self._files().values() if not path.exists()]

    def encoder_for(self, documents: Callable[[], Iterator[Document]], device: str) -> LoadedEncoder:
        """Read the files, and count the documents without a vector; raises ModelError with file and line."""
        terms: Dimensions = SeenTerms() if self.vocabulary is None else read_vocabulary(self.vocabulary)
        rows = {
            "document": read_rows(self.documents, self.document_ids, terms),
            "query": read_rows(self.queries, self.query_ids, terms),
        }
        there = set(rows["document"].ids)
        lacking = sum(document.doc_id not in there for document in documents())
        return GivenVectors.of({"document": self.documents, "query": self.queries}, rows, terms, lacking)

    def _files(self) -> dict[str, Path]:
        names = ("documents", "queries", "document_ids", "query_ids", "vocabulary")
        return {name: path for name in names if (path := getattr(self, name)) is not None}


def _digests(path: Path) -> Json:
    if not path.is_dir():
        return file_digest(path)
    return {each.relative_to(path).as_posix(): file_digest(each) for each in sorted(path.rglob("*")) if each.is_file()}
