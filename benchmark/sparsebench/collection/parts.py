"""Split a collection's queries into test, bank and development sets."""

from __future__ import annotations

from dataclasses import dataclass

from sparsebench.collection.bank import untested
from sparsebench.collection.beir import BeirFolder
from sparsebench.collection.checked import checked_topics
from sparsebench.collection.read import source_by_id, source_of
from sparsebench.collection.topics import hash_split, judged
from sparsebench.collection.tsv import read_queries
from sparsebench.contracts import CollectionSource
from sparsebench.errors import CollectionError
from sparsebench.registry import Registry
from sparsebench.suite import CollectionSpec
from sparsebench.types import Json, Topics

HASH = "hash"
"""The name of the split that is carved out of a collection's own queries."""


@dataclass(frozen=True)
class Sources:
    """Sources of a collection's queries: its own, those of the bank, those for tuning."""

    own: CollectionSource
    bank: CollectionSource
    dev: CollectionSource

    @classmethod
    def of(cls, spec: CollectionSpec, registry: Registry) -> Sources:
        """The sources that a suite names; the collection itself where it names no other."""
        own = bank = dev = source_of(spec, registry)
        if spec.bank and spec.bank.beir:
            bank = BeirFolder(spec.bank.beir, spec.bank.beir.name)
        elif spec.bank and spec.bank.id:
            bank = source_by_id(spec.bank.id, registry)
        elif spec.bank and spec.bank.split not in (None, HASH):
            bank = own.of_split(spec.bank.split)
        if spec.dev and spec.dev.split == "bank":
            dev = bank
        elif spec.dev and spec.dev.id:
            dev = source_by_id(spec.dev.id, registry)
        return cls(own, bank, dev)

    @property
    def all(self) -> tuple[CollectionSource, ...]:
        """Return all sources, each once."""
        return tuple({id(source): source for source in (self.own, self.bank, self.dev)}.values())


@dataclass(frozen=True)
class Parts:
    """The queries of each part. counts: what was left out, by reason."""

    test: Topics
    bank: Topics | None
    dev: Topics | None
    bank_is_same_collection: bool
    counts: dict[str, Json]


def read_parts(spec: CollectionSpec, sources: Sources) -> Parts:
    """Read queries and judgments. Raises CollectionError when nothing is left to test on, or to tune on."""
    own = checked_topics(sources.own, spec.split)
    passed_over, dev = own.counts, None
    if spec.dev and spec.dev.split == "hash":
        dev, own = hash_split(own, share=spec.dev.share, seed=spec.dev.seed)
    elif spec.dev:
        split = spec.bank.split if spec.bank and spec.dev.split == "bank" else spec.dev.split
        dev = _searched(sources.dev, split, spec)
    test = judged(own)
    if not test.topics.queries:
        raise CollectionError(f"{spec.name}: no test query has a relevant document")
    counts: dict[str, Json] = {**test.left_out, **passed_over}
    if dev is not None:
        dev = judged(dev).topics
        dev, counts["dev_queries_also_tested"] = _not_tested(
            dev, test.topics, sources.own.shares_ids(sources.dev), spec
        )
    bank_is_own = sources.own.shares_ids(sources.bank) and not (spec.bank and spec.bank.queries_tsv)
    return Parts(test.topics, _bank(spec, sources, dev), dev, bank_is_own, counts)


def _not_tested(dev: Topics, test: Topics, same_collection: bool, spec: CollectionSpec) -> tuple[Topics, int]:
    """Tuning on a query that is tested would report the best of several tries as one."""
    kept = untested(dev.queries, test, same_collection=same_collection)
    if not kept:
        raise CollectionError(
            f"{spec.name}: each of the {len(dev.queries)} development queries is also a test query, and tuning on test "
            "queries is not allowed. Name others, or carve them out: `dev: {split: hash, share: 0.2, seed: 0}`."
        )
    qrels = {query.query_id: dev.qrels[query.query_id] for query in kept}
    return Topics(kept, qrels), len(dev.queries) - len(kept)


def _bank(spec: CollectionSpec, sources: Sources, dev: Topics | None) -> Topics | None:
    """The bank, without judgments; `split: hash` is the development queries that were carved out."""
    if spec.bank is None:
        return None
    if spec.bank.split == "hash":
        assert dev is not None, "the suite has checked that dev is carved out"
        return Topics(dev.queries)
    if spec.bank.queries_tsv is not None:
        return read_queries(spec.bank.queries_tsv, spec.bank.queries_columns)
    return Topics(checked_topics(sources.bank, spec.bank.split).queries)


def _searched(source: CollectionSource, split: str | None, spec: CollectionSpec) -> Topics:
    """Development queries of a split. Raises CollectionError where their answers are not among what is searched."""
    if source.of_split(split) is not source:
        raise CollectionError(
            f"{spec.name}: split {split!r} has documents of its own, so its queries have no answer among those tested. "
            "Tune where they are: `bank: {split: …, gallery: true}` and `dev: {split: bank}`"
        )
    return checked_topics(source, split)
