"""The contract of a collection that a package carries, rule by rule."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property

from sparsebench.collection import BeirFolder
from sparsebench.collection.checked import checked_topics
from sparsebench.collection.corpus import absent_judgments, scan
from sparsebench.collection.topics import judged, topics_digest
from sparsebench.contracts import CollectionSource
from sparsebench.contracts.hookspecs import CollectionPlugin
from sparsebench.testing.checks import Check, ExpectedFailures, bind, require, run_all
from sparsebench.types import Json


@dataclass(frozen=True)
class CollectionSubject:
    """A collection as it is registered. parameters: of its source, where it has one."""

    plugin: CollectionPlugin
    parameters: Mapping[str, Json] = field(default_factory=dict)

    @cached_property
    def source(self) -> CollectionSource:
        """The way the harness reads it."""
        if self.plugin.source is not None:
            return self.plugin.source(**self.parameters)
        assert self.plugin.folder is not None, "a CollectionPlugin has one of the two"
        return BeirFolder(self.plugin.folder, self.plugin.name)


def collection_checks(
    plugin: CollectionPlugin,
    *,
    parameters: Mapping[str, Json] | None = None,
    expected_failures: ExpectedFailures | None = None,
) -> list[Check]:
    """Return the checks of a collection, e.g. of what `register_collections` returns.

    parameters: of its source. expected_failures: names of checks -> why they are known to fail.
    """
    return bind(RULES, CollectionSubject(plugin, parameters or {}), expected_failures)


def check_collection(
    plugin: CollectionPlugin,
    *,
    parameters: Mapping[str, Json] | None = None,
    expected_failures: ExpectedFailures | None = None,
) -> None:
    """Run `collection_checks`; raises Violation that lists all failures."""
    run_all(collection_checks(plugin, parameters=parameters, expected_failures=expected_failures))


def its_files_are_there(collection: CollectionSubject) -> None:
    """A folder is absolute and holds corpus.jsonl, queries.jsonl and qrels/{split}.tsv; a source misses nothing."""
    folder = collection.plugin.folder
    require(folder is None or folder.is_absolute(), f"{folder}: say Path(__file__).parent / …")
    missing = list(collection.source.missing())
    require(not missing, "; ".join(missing))


def documents_keep_the_rules(collection: CollectionSubject) -> None:
    """Every document has an id of its own, and each line can be read."""
    scan(collection.source.documents(), where=collection.source.where)


def some_document_has_text(collection: CollectionSubject) -> None:
    """Not every document is empty."""
    corpus = scan(collection.source.documents())
    require(corpus.empty < len(corpus.doc_ids), f"all {corpus.empty} documents are empty")


def it_reads_the_same_twice(collection: CollectionSubject) -> None:
    """Documents and topics are the same at every pass: `documents()` makes a new iterator each time."""
    first, again = (scan(collection.source.documents()).digest for _ in range(2))
    require(first == again, "a second pass over the documents gives others")
    for split in collection.source.splits():
        first, again = (topics_digest(collection.source.topics(split)) for _ in range(2))
        require(first == again, f"split {split!r}: a second reading gives others")


def every_split_can_be_measured(collection: CollectionSubject) -> None:
    """Every split has queries with a relevant document, and names no document that is not there."""
    for split in collection.source.splits():
        doc_ids = scan(collection.source.of_split(split).documents()).doc_ids
        topics = checked_topics(collection.source, split)
        require(bool(judged(topics).topics.queries), f"split {split!r}: no query has a relevant document")
        absent = absent_judgments(topics.qrels, doc_ids)
        require(not absent, f"split {split!r}: {absent} judgments are of documents that are not there")


RULES = (
    its_files_are_there,
    documents_keep_the_rules,
    some_document_has_text,
    it_reads_the_same_twice,
    every_split_can_be_measured,
)
