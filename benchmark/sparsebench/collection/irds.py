"""Any collection that ir_datasets knows, by its id; ir_datasets downloads it and checks its checksums."""

from __future__ import annotations

import difflib
import io
import sys
from collections.abc import Container, Iterable, Iterator, Sequence
from contextlib import contextmanager, nullcontext, redirect_stderr
from functools import cached_property
from pathlib import Path
from typing import Any

from sparsebench.collection.entries import checked_id
from sparsebench.collection.irds_files import Source, sources
from sparsebench.contracts import CollectionSource
from sparsebench.errors import CollectionError, described, did_you_mean
from sparsebench.types import Document, Query, Topics

PARTS = ("docs", "queries", "qrels")


class IrDatasets(CollectionSource):
    """The dataset `dataset_id` of ir_datasets, one split by itself (`beir/scifact/test`).

    carried: ids of plugins, which may have been meant.

    Example: `IrDatasets("beir/scifact/test").topics(None).qrels`.
    """

    def __init__(self, dataset_id: str, *, carried: Iterable[str] = ()) -> None:
        self.name = dataset_id
        self._carried = tuple(carried)

    def documents(self) -> Iterator[Document]:
        """One pass; text is ir_datasets' `default_text`: title, space, text where there is a title."""
        with self._readable("docs"):
            with _bars_on_terminals_only():
                records = self._dataset.docs_iter()  # may build its document store first
            for record in records:
                yield Document(record.doc_id, _text(record))

    def topics(self, split: str | None) -> Topics:
        """Read all queries, judged or not, with grades as ir_datasets gives them.

        Judgments of queries that the dataset does not list are left out and counted: some TREC years pooled more than
        they kept.
        """
        if split is not None:
            asked = f"{self.name}: no split {split!r}; an ir_datasets id is one split by itself."
            raise CollectionError(asked + _close(f"{self.name.rpartition('/')[0] or self.name}/{split}"))
        with self._readable("queries"):
            queries = {checked_id(record.query_id): _text(record) for record in self._dataset.queries_iter()}
        qrels, unknown = self._qrels(queries)
        counts = {"judgments_of_unknown_queries": unknown} if unknown else {}
        return Topics(tuple(Query(query_id, text) for query_id, text in queries.items()), qrels, counts)

    def _qrels(self, query_ids: Container[str]) -> tuple[dict[str, dict[str, int]], int]:
        """Judgments of known queries, and how many others there are."""
        qrels: dict[str, dict[str, int]] = {}
        unknown = 0
        if self._dataset.has_qrels():
            with self._readable("qrels"):
                for judgment in self._dataset.qrels_iter():
                    if judgment.query_id in query_ids:
                        qrels.setdefault(judgment.query_id, {})[judgment.doc_id] = int(judgment.relevance)
                    else:
                        unknown += 1
        return qrels, unknown

    def files(self) -> Sequence[Path]:
        """Local files that documents are read from."""
        return self.files_of(["docs"])

    def files_of(self, parts: Sequence[str]) -> Sequence[Path]:
        """Local files that some of `docs`, `queries`, `qrels`, `docpairs` are read from."""
        return [source.path for part in parts for source in self._sources(part) if source.at_hand and source.path]

    def missing(self, parts: Sequence[str] = PARTS) -> Sequence[str]:
        """Files that are not at hand, where they come from and where they go. Touches no network."""
        absent = {source.origin: source for part in parts for source in self._absent(part)}
        return [f"{self.name}: {_from(source)}" for source in absent.values()]

    def fetch(self, parts: Sequence[str] = PARTS) -> None:
        """Let ir_datasets download what is missing."""
        for part in parts:
            for source in self._absent(part):
                with self._readable(part), _bars_on_terminals_only():
                    source.holder.path()

    @property
    def has_docpairs(self) -> bool:
        """True if it has triples of a query, a better and a worse document, to train on."""
        return bool(self._dataset.has_docpairs())

    def docpairs(self) -> Iterator[tuple[str, str, str]]:
        """Ids of a query, a better and a worse document."""
        with self._readable("docpairs"):
            for record in self._dataset.docpairs_iter():
                yield record.query_id, record.doc_id_a, record.doc_id_b

    def texts(self, doc_ids: Sequence[str]) -> list[str]:
        """Texts of documents, by their ids, in any order."""
        with self._readable("docs"), _bars_on_terminals_only():  # may build its document store first
            found = self._dataset.docs_store().get_many(doc_ids)
            return [_text(found[doc_id]) for doc_id in doc_ids]

    def shares_ids(self, other: CollectionSource) -> bool:
        """Return whether the other is over the same documents."""
        return isinstance(other, IrDatasets) and other.documents_of == self.documents_of

    @property
    def documents_of(self) -> str:
        """The id that all datasets over the same documents share; within it a query id means one query."""
        return str(self._dataset.docs_namespace())

    @cached_property
    def _dataset(self) -> Any:
        import ir_datasets

        # It logs its own progress, and warns of failures that are raised anyway.
        ir_datasets.log.easy().logger().setLevel("ERROR")
        try:
            return ir_datasets.load(self.name)
        except KeyError:
            raise CollectionError(
                f"neither a plugin nor ir_datasets has {self.name!r}.{_close(self.name, self._carried)}"
            ) from None

    def _sources(self, part: str) -> Iterator[Source]:
        return sources(getattr(self._dataset, f"{part}_handler")()) if self._dataset.has(part) else iter(())

    def _absent(self, part: str) -> list[Source]:
        return [source for source in self._sources(part) if not source.at_hand]

    @contextmanager
    def _readable(self, part: str) -> Iterator[None]:
        """Turn any failure of ir_datasets, whose many formats fail in many ways, into one that says what to do."""
        if not self._dataset.has(part):
            raise CollectionError(f"{self.name} has no {part}")
        try:
            yield
        except Exception as error:
            absent = "; ".join(_from(source) for source in self._absent(part))
            cure = f"not at hand: {absent}" if absent else f"its files in {self._home()} may be damaged"
            raise CollectionError(f"{self.name}: cannot read its {part} ({described(error)}); {cure}") from error

    def _home(self) -> Path:
        import ir_datasets

        return Path(ir_datasets.util.home_path())


@contextmanager
def _bars_on_terminals_only() -> Iterator[None]:
    """Keep ir_datasets from drawing progress bars on no terminal: a log file would get thousands of lines."""
    with nullcontext() if sys.stderr.isatty() else redirect_stderr(io.StringIO()):
        yield


def _text(record: Any) -> str:
    """A record's default text, stripped: it begins with a space where the title is empty."""
    text = record.default_text() if hasattr(record, "default_text") else record.text
    return str(text).strip()


def _from(source: Source) -> str:
    origin = " ".join(source.origin.split())
    return f"{origin} (to {source.path})" if source.path else origin


def _close(asked: str, carried: Sequence[str] = ()) -> str:
    """The closest ids; all 790 of them would help nobody."""
    import ir_datasets

    close = difflib.get_close_matches(asked, [*carried, *ir_datasets.registry], n=5)
    return did_you_mean(asked, close) or " `ir_datasets list` names them all."
