"""The contract of a collection that a package carries, rule by rule."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from sparsebench.collection import BeirFolder
from sparsebench.collection.corpus import absent_judgments, scan
from sparsebench.collection.topics import judged
from sparsebench.contracts import CollectionSource
from sparsebench.contracts.hookspecs import CollectionPlugin
from sparsebench.registry.parameters import schema
from sparsebench.testing.checks import Check, ExpectedFailures, bind, require, run_all


@dataclass(frozen=True)
class CollectionSubject:
    """A collection as it is registered."""

    plugin: CollectionPlugin

    @property
    def folder(self) -> Path:
        """Where it lies."""
        assert self.plugin.folder is not None, "one that a factory reads has rules of its own"
        return self.plugin.folder

    @property
    def source(self) -> BeirFolder:
        """The way the harness reads it."""
        return BeirFolder(self.folder, self.plugin.name)


def collection_checks(plugin: CollectionPlugin, *, expected_failures: ExpectedFailures | None = None) -> list[Check]:
    """The checks of a collection, e.g. of what `register_collections` returns.

    expected_failures: names of checks -> why they are known to fail.
    """
    rules = READER_RULES if plugin.factory else RULES
    return bind(rules, CollectionSubject(plugin), expected_failures)


def check_collection(plugin: CollectionPlugin, *, expected_failures: ExpectedFailures | None = None) -> None:
    """Run `collection_checks`; raises Violation that lists all failures."""
    run_all(collection_checks(plugin, expected_failures=expected_failures))


def its_folder_has_the_layout(collection: CollectionSubject) -> None:
    """The folder is absolute and holds corpus.jsonl, queries.jsonl and qrels/{split}.tsv."""
    require(collection.folder.is_absolute(), f"{collection.folder}: say Path(__file__).parent / …")
    missing = list(collection.source.missing())
    require(not missing, "; ".join(missing))


def documents_keep_the_rules(collection: CollectionSubject) -> None:
    """Every document has an id of its own, and each line can be read."""
    scan(collection.source.documents(), where=collection.source.where)


def some_document_has_text(collection: CollectionSubject) -> None:
    """Not every document is empty."""
    corpus = scan(collection.source.documents())
    require(corpus.empty < len(corpus.doc_ids), f"all {corpus.empty} documents are empty")


def every_split_can_be_measured(collection: CollectionSubject) -> None:
    """Every split has queries with a relevant document, and names no document that is not there."""
    doc_ids = scan(collection.source.documents()).doc_ids
    for split in collection.source.splits():
        topics = collection.source.topics(split)
        require(bool(judged(topics).topics.queries), f"split {split!r}: no query has a relevant document")
        absent = absent_judgments(topics.qrels, doc_ids)
        require(not absent, f"split {split!r}: {absent} judgments are of documents that are not there")


def its_factory_is_a_source(collection: CollectionSubject) -> None:
    """The factory derives from sparsebench.CollectionSource."""
    factory = collection.plugin.factory
    require(isinstance(factory, type) and issubclass(factory, CollectionSource), f"the factory is {factory!r}")


def its_parameters_are_typed_and_told(collection: CollectionSubject) -> None:
    """Its parameters are keyword-only, annotated, and each is documented where it is declared."""
    assert collection.plugin.factory is not None
    properties = schema(collection.plugin.factory)["properties"]
    silent = [name for name, of in properties.items() if not of.get("description")]
    require(not silent, f"nothing is said of {', '.join(silent)}")


READER_RULES = (its_factory_is_a_source, its_parameters_are_typed_and_told)
"""Of collections that a factory reads: what it reads is somebody else's, and not here."""

RULES = (
    its_folder_has_the_layout,
    documents_keep_the_rules,
    some_document_has_text,
    every_split_can_be_measured,
)
