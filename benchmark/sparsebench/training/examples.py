"""Training examples: queries with their positives, negatives and teacher scores. Needs no torch."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TypeVar

import numpy as np

from sparsebench.collection import BeirFolder, IrDatasets
from sparsebench.contracts import CollectionSource
from sparsebench.errors import TrainingError
from sparsebench.lines import Mistakes, existing, parse_lines
from sparsebench.provenance.digests import files_digest
from sparsebench.training.check import NEEDS_NEGATIVES, NEEDS_TEACHER, no_negatives, no_teacher
from sparsebench.training.recipe import Source, Variant
from sparsebench.types import Json

T = TypeVar("T")
LookUp = Callable[[Sequence[str]], list[str]]


@dataclass(frozen=True)
class Examples:
    """N examples by columns; `negative` may be missing.

    columns: `query`, `positive`, `negative`, each of N texts, or of N ids where `look_up` turns ids into texts.
    teacher: (N, 2) scores of positive and negative, None without teacher.
    """

    columns: Mapping[str, Sequence[str]]
    teacher: np.ndarray | None = None
    look_up: Mapping[str, LookUp] = field(default_factory=dict)

    def __len__(self) -> int:
        return len(self.columns["query"])

    def texts(self, column: str, start: int, stop: int) -> list[str]:
        """The texts of a part of a column."""
        return self.look_up.get(column, list)(self.columns[column][start:stop])

    def keep(self, kept: np.ndarray) -> Examples:
        """Keep the examples at the positions `kept`."""
        columns = {name: [column[i] for i in kept] for name, column in self.columns.items()}
        return Examples(columns, None if self.teacher is None else self.teacher[kept], self.look_up)


def identify(source: Source) -> dict[str, Json]:
    """Return all that determines the examples: digests of their files, and how they are read.

    Raises CollectionError.
    """
    files = list(_files(source))
    options = {"split": source.split} if source.beir else {"id": source.id}
    return {"files": files_digest(files), "relevant": source.relevant, "limit": source.limit, **options}


def read_examples(variant: Variant) -> Examples:
    """Read the examples of a training.

    Raises CollectionError for malformed files, TrainingError where the loss needs more than there is.
    """
    source, loss = variant.settings.data, variant.settings.loss
    examples = _read(source)
    if not len(examples):
        raise TrainingError(f"{variant.place('data')}: {variant.label}: there is no example")
    if loss in NEEDS_NEGATIVES and "negative" not in examples.columns:
        raise TrainingError(f"{variant.place('loss')}: {variant.label}: {no_negatives(loss)}")
    if loss in NEEDS_TEACHER and examples.teacher is None:
        raise TrainingError(f"{variant.place('loss')}: {variant.label}: {no_teacher(loss)}")
    return examples


def missing(source: Source) -> Sequence[str]:
    """List the training data that are not at hand, one line each."""
    if source.id is not None:
        return IrDatasets(source.id).missing(_parts(source.id))
    if source.beir is not None:
        return _beir(source.beir).missing()
    path = source.triples or source.pairs
    return [] if path and path.is_file() else [f"training data: there is no file {path}"]


def fetch(source: Source) -> None:
    """Let ir_datasets download what is missing."""
    if source.id is not None:
        IrDatasets(source.id).fetch(_parts(source.id))


def _parts(dataset_id: str) -> tuple[str, ...]:
    return ("docs", "queries", "docpairs" if IrDatasets(dataset_id).has_docpairs else "qrels")


def _files(source: Source) -> Iterator[Path]:
    if source.id is not None:
        yield from IrDatasets(source.id).files_of(_parts(source.id))
    elif source.beir is not None:
        for name in ("corpus.jsonl", "queries.jsonl", f"qrels/{source.split}.tsv"):
            if path := existing(source.beir, name):
                yield path
    else:
        path = source.triples or source.pairs
        assert path is not None, "the recipe has checked that there is one source"
        yield path


def _read(source: Source) -> Examples:
    if source.id is not None:
        dataset = IrDatasets(source.id)
        return _docpairs(dataset, source) if dataset.has_docpairs else _judged(dataset, None, source)
    if source.beir is not None:
        return _judged(_beir(source.beir), source.split, source)
    if source.triples is not None:
        return _triples(source.triples, source.limit)
    assert source.pairs is not None
    return _pairs(source.pairs, source.limit)


def _beir(folder: Path) -> BeirFolder:
    return BeirFolder(folder, folder.name)


def _docpairs(dataset: IrDatasets, source: Source) -> Examples:
    """Ids only: tens of millions of triples share far fewer texts."""
    queries = {query.query_id: query.text for query in dataset.topics(None).queries}
    rows = itertools.islice(dataset.docpairs(), source.limit)
    query, positive, negative = _transposed(rows, 3)
    columns = {"query": query, "positive": positive, "negative": negative}
    by_column: dict[str, LookUp] = {"query": lambda ids: [queries[id_] for id_ in ids]}
    return Examples(columns, None, {**by_column, "positive": dataset.texts, "negative": dataset.texts})


def _judged(collection: CollectionSource, split: str | None, source: Source) -> Examples:
    topics = collection.topics(split)
    pairs = (
        (query.query_id, doc_id)
        for query in topics.queries
        for doc_id, grade in topics.qrels.get(query.query_id, {}).items()
        if grade >= source.relevant
    )
    query_ids, doc_ids = _transposed(itertools.islice(pairs, source.limit), 2)
    queries = {query.query_id: query.text for query in topics.queries}
    wanted = set(doc_ids)
    documents = {document.doc_id: document.text for document in collection.documents() if document.doc_id in wanted}
    # A judged document that the corpus lacks has no text to learn from.
    rows = [(queries[query], documents[doc]) for query, doc in zip(query_ids, doc_ids, strict=True) if doc in documents]
    query, positive = _transposed(rows, 2)
    return Examples({"query": query, "positive": positive})


def _triples(path: Path, limit: int | None) -> Examples:
    rows = _rows(path, limit)
    columns = len(rows[0]) if rows else 3
    with Mistakes() as mistakes:
        if columns not in (3, 5):
            mistakes.add(f"{path}:1", f"a triple has 3 columns, or 5 with a teacher's scores; this one has {columns}")
        for number, row in enumerate(rows, start=1):
            if len(row) != columns:
                mistakes.add(f"{path}:{number}", f"this line has {len(row)} columns, the first one {columns}")
            elif columns == 5 and not _numbers(row[3:]):
                mistakes.add(f"{path}:{number}", f"the teacher's scores {row[3]!r} and {row[4]!r} are not both numbers")
    query, positive, negative, *scores = _transposed(rows, columns)
    teacher = np.array(scores, dtype=np.float32).T if scores else None
    return Examples({"query": query, "positive": positive, "negative": negative}, teacher)


def _pairs(path: Path, limit: int | None) -> Examples:
    rows = _rows(path, None)
    with Mistakes() as mistakes:
        for number, row in enumerate(rows, start=1):
            if len(row) < 2:
                mistakes.add(f"{path}:{number}", "no tab between two texts")
    every_two = (pair for row in rows for pair in itertools.combinations(row, 2))
    query, positive = _transposed(itertools.islice(every_two, limit), 2)
    return Examples({"query": query, "positive": positive})


def _rows(path: Path, limit: int | None) -> list[list[str]]:
    """Columns of each line; raises CollectionError for one that has an empty text."""
    with Mistakes() as mistakes:
        return [row for _, row in itertools.islice(parse_lines(path, _columns, mistakes), limit)]


def _columns(line: str) -> list[str]:
    columns = [column.strip() for column in line.split("\t")]
    if not all(columns):
        raise ValueError(f"column {columns.index('') + 1} is empty")
    return columns


def _numbers(texts: Iterable[str]) -> bool:
    try:
        return bool(np.isfinite([float(text) for text in texts]).all())
    except ValueError:
        return False


def _transposed(rows: Iterable[Sequence[T]], width: int) -> list[list[T]]:
    """Rows -> `width` columns, also of no rows."""
    columns: list[list[T]] = [[] for _ in range(width)]
    for row in rows:
        for column, value in zip(columns, row, strict=True):
            column.append(value)
    return columns
