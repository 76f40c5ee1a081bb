"""Documents and queries as `id<TAB>text` lines, judgments as TREC qrels: three files anywhere."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path

from sparsebench.collection.entries import from_json, from_tsv, parse_queries
from sparsebench.collection.qrels import read_qrels
from sparsebench.contracts import CollectionSource
from sparsebench.errors import CollectionError
from sparsebench.lines import Mistakes, parse_lines
from sparsebench.types import Document, Topics


class TsvCollection(CollectionSource):
    """A collection of three files, one split by itself; `qrels` may be None where it only serves as a bank."""

    def __init__(self, docs_tsv: Path, queries_tsv: Path, qrels: Path | None, name: str) -> None:
        self.docs_tsv = docs_tsv
        self.queries_tsv = queries_tsv
        self.qrels = qrels
        self.name = name

    def documents(self) -> Iterator[Document]:
        """One pass. Malformed lines are passed over and raised together at the end."""
        with Mistakes() as mistakes:
            for _, entry in parse_lines(self.docs_tsv, from_tsv, mistakes):
                yield Document(entry.id, entry.text)

    def where(self, position: int) -> str:
        """`file:line`: every line holds one document, so the line number follows from the position."""
        return f"{self.docs_tsv}:{position + 1}"

    def topics(self, split: str | None) -> Topics:
        """All queries, judged or not. Raises CollectionError when a split is asked: there is none."""
        if split is not None:
            raise CollectionError(f"{self.name}: no split {split!r}; TSV files are one split by themselves")
        found = parse_queries(self.queries_tsv, from_tsv)
        if self.qrels is None:
            return found
        qrels, counts = read_qrels(self.qrels, query_ids={query.query_id for query in found.queries})
        return Topics(found.queries, qrels, {**found.counts, **counts})

    def files(self) -> Sequence[Path]:
        """The documents file."""
        return (self.docs_tsv,)

    def missing(self) -> Sequence[str]:
        """Files that do not exist."""
        paths = [path for path in (self.docs_tsv, self.queries_tsv, self.qrels) if path is not None]
        return [f"{self.name}: there is no file {path}" for path in paths if not path.is_file()]

    def fetch(self) -> None:
        """Raise CollectionError when something is missing: nothing is known of where it could come from."""
        if missing := self.missing():
            raise CollectionError("\n".join(missing))


def read_queries(path: Path) -> Topics:
    """Read queries without judgments, e.g. a bank: BEIR's lines where `.jsonl` is in the name, else `id<TAB>text`.

    Raises CollectionError with the line of every mistake.
    """
    return parse_queries(path, from_json if ".jsonl" in path.suffixes else from_tsv)
