"""Documents and queries as lines or columns of tables, judgments as TREC qrels: three files anywhere."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path

from sparsebench.collection.entries import from_json, gather_queries, parse_queries
from sparsebench.collection.qrels import read_qrels
from sparsebench.collection.table import entries
from sparsebench.contracts import CollectionSource
from sparsebench.errors import CollectionError
from sparsebench.lines import Mistakes
from sparsebench.suite import Columns
from sparsebench.types import Document, Qrels, Topics

DIAGONAL = "diagonal"
"""What a suite writes for judgments that follow from the order of its files."""


class TsvCollection(CollectionSource):
    """A collection of three files, one split by itself; `qrels` may be None where it only serves as a bank.

    columns: of the documents and of the queries, where these are csv files. qrels: a path that ends in `diagonal`
    stands for none: line by line, a query is answered by a document.

    Example: `TsvCollection(Path("docs.tsv"), Path("queries.tsv"), Path("qrels.txt"), "tea").topics(None).qrels`.
    """

    def __init__(
        self,
        docs_tsv: Path,
        queries_tsv: Path,
        qrels: Path | None,
        name: str,
        *,
        columns: tuple[Columns | None, Columns | None] = (None, None),
    ) -> None:
        self._docs_columns, self._queries_columns = columns
        self.docs_tsv = docs_tsv
        self.queries_tsv = queries_tsv
        self.qrels = qrels
        self.name = name

    def documents(self) -> Iterator[Document]:
        """One pass. Malformed lines are passed over and raised together at the end."""
        with Mistakes() as mistakes:
            for _, entry in entries(self.docs_tsv, self._docs_columns, mistakes):
                yield Document(entry.id, entry.text)

    def where(self, position: int) -> str:
        """`file:line`: every line holds one document, so the line number follows from the position.

        A text in a csv file may go over several lines, so there it is the row.
        """
        if self._docs_columns is not None:
            return f"{self.docs_tsv}, row {position + 1} below its header"
        return f"{self.docs_tsv}:{position + 1}"

    def topics(self, split: str | None) -> Topics:
        """Read all queries, judged or not. Raises CollectionError when a split is asked: there is none."""
        if split is not None:
            raise CollectionError(f"{self.name}: no split {split!r}; TSV files are one split by themselves")
        found = read_queries(self.queries_tsv, self._queries_columns)
        if self.qrels is None:
            return found
        if self.qrels.name == DIAGONAL:
            return Topics(found.queries, self._diagonal(), found.counts)
        qrels, counts = read_qrels(self.qrels, query_ids={query.query_id for query in found.queries})
        return Topics(found.queries, qrels, {**found.counts, **counts})

    def _diagonal(self) -> Qrels:
        """Judge each query answered by the document on the same line of the other file."""
        with Mistakes() as mistakes:
            asked = [entry.id for _, entry in entries(self.queries_tsv, self._queries_columns, mistakes)]
        answers = [document.doc_id for document in self.documents()]
        if len(asked) != len(answers):
            raise CollectionError(
                f"{self.name}: qrels: diagonal, and {self.queries_tsv} names {len(asked)} queries, "
                f"{self.docs_tsv} names {len(answers)} documents; they must be as many, in the order of each other"
            )
        qrels: dict[str, dict[str, int]] = {}
        for query_id, doc_id in zip(asked, answers, strict=True):
            qrels.setdefault(query_id, {})[doc_id] = 1
        return qrels

    def files(self) -> Sequence[Path]:
        """The documents file."""
        return (self.docs_tsv,)

    def missing(self) -> Sequence[str]:
        """Files that do not exist."""
        judgments = None if self.qrels is None or self.qrels.name == DIAGONAL else self.qrels
        paths = [path for path in (self.docs_tsv, self.queries_tsv, judgments) if path is not None]
        return [f"{self.name}: there is no file {path}" for path in paths if not path.is_file()]

    def fetch(self) -> None:
        """Raise CollectionError when something is missing: nothing is known of where it could come from."""
        if missing := self.missing():
            raise CollectionError("\n".join(missing))


def read_queries(path: Path, columns: Columns | None = None) -> Topics:
    """Read queries without judgments, e.g. a bank: BEIR's lines where `.jsonl` is in the name, else those of a table.

    Raises CollectionError with the line of every mistake.
    """
    if ".jsonl" in path.suffixes:
        return parse_queries(path, from_json)
    with Mistakes() as mistakes:
        return gather_queries(path, entries(path, columns, mistakes), mistakes)
