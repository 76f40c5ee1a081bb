"""A folder in BEIR's layout: corpus.jsonl, queries.jsonl, qrels/{split}.tsv, each plain or gzipped."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path

from sparsebench.collection.entries import from_json, parse_queries
from sparsebench.collection.qrels import read_qrels
from sparsebench.contracts import CollectionSource
from sparsebench.errors import CollectionError, did_you_mean
from sparsebench.lines import Mistakes, existing, parse_lines
from sparsebench.types import Document, Topics

LAYOUT = "a BEIR folder holds corpus.jsonl, queries.jsonl and qrels/{split}.tsv, each plain or .gz"


class BeirFolder(CollectionSource):
    """The collection in `folder`, which suites and records call `name`.

    Example: `BeirFolder(Path("beir/scifact"), "scifact").topics("test").qrels`.
    """

    def __init__(self, folder: Path, name: str) -> None:
        self.folder = folder
        self.name = name

    def documents(self) -> Iterator[Document]:
        """One pass; text is title, space, text. Malformed lines are passed over and raised together at the end."""
        with Mistakes() as mistakes:
            for _, entry in parse_lines(self._file("corpus.jsonl"), from_json, mistakes):
                yield Document(entry.id, entry.text)

    def where(self, position: int) -> str:
        """`file:line`: every line holds one document, so the line number follows from the position."""
        return f"{self._file('corpus.jsonl')}:{position + 1}"

    def shares_ids(self, other: CollectionSource) -> bool:
        """Return whether the other is the same folder."""
        return isinstance(other, BeirFolder) and other.folder.resolve() == self.folder.resolve()

    def splits(self) -> Sequence[str]:
        """Names of the splits there are judgments for."""
        files = [*self.folder.glob("qrels/*.tsv"), *self.folder.glob("qrels/*.tsv.gz")]
        return sorted({path.name.removesuffix(".gz").removesuffix(".tsv") for path in files})

    def topics(self, split: str | None) -> Topics:
        """Queries that the split judges, in the order of queries.jsonl. Raises CollectionError for unknown splits."""
        path = existing(self.folder, f"qrels/{split}.tsv")
        if path is None:
            asked = f"no split {split!r}" if split else "a split must be named"
            raise CollectionError(f"{self.folder}: {asked}.{did_you_mean(split or '', self.splits())}")
        found = parse_queries(self._file("queries.jsonl"), from_json)
        qrels, counts = read_qrels(path, query_ids={query.query_id for query in found.queries})
        queries = tuple(query for query in found.queries if query.query_id in qrels)
        return Topics(queries, qrels, {**found.counts, **counts})

    def files(self) -> Sequence[Path]:
        """The corpus file."""
        return (self._file("corpus.jsonl"),)

    def missing(self) -> Sequence[str]:
        """List the files that the folder lacks; it cannot be downloaded."""
        absent = [name for name in ("corpus.jsonl", "queries.jsonl") if existing(self.folder, name) is None]
        if not self.splits():
            absent.append("qrels/{split}.tsv")
        return [f"{self.name}: {self.folder} lacks {', '.join(absent)}; {LAYOUT}"] if absent else []

    def fetch(self) -> None:
        """Raise CollectionError when something is missing: nothing is known of where it could come from."""
        if missing := self.missing():
            raise CollectionError("\n".join(missing))

    def _file(self, name: str) -> Path:
        path = existing(self.folder, name)
        if path is None:
            raise CollectionError(f"{self.name}: there is no {self.folder / name}; {LAYOUT}")
        return path
