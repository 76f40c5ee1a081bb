"""Which queries play which part: tested, bank, development."""

from __future__ import annotations

from benchmark.collection import BeirFolder, IrDatasets, hash_split, judged, read_queries
from benchmark.contracts import CollectionSource
from benchmark.resolve.corpus import require
from benchmark.suite import BankSource, CollectionSpec
from benchmark.types import Topics


def dev_and_own(spec: CollectionSpec, source: CollectionSource) -> tuple[Topics | None, Topics]:
    """Development queries, and the collection's own queries without those carved out of them."""
    own = source.topics(spec.split)
    if spec.dev is None:
        return None, own
    if spec.dev.split == "hash":
        return hash_split(judged(own).topics, share=spec.dev.share, seed=spec.dev.seed)
    if spec.dev.split == "bank":
        assert spec.bank is not None
        return judged(bank_source(spec.bank, source).topics(spec.bank.split)).topics, own
    return judged(_other(spec.dev.id, source).topics(spec.dev.split)).topics, own


def bank_queries(spec: CollectionSpec, source: CollectionSource, dev: Topics | None) -> Topics | None:
    """The bank, without judgments; `split: hash` is the development queries that were carved out."""
    if spec.bank is None:
        return None
    if spec.bank.split == "hash":
        assert dev is not None, "the suite has checked that dev is carved out"
        return Topics(dev.queries)
    if spec.bank.queries_tsv is not None:
        return read_queries(spec.bank.queries_tsv)
    return Topics(bank_source(spec.bank, source).topics(spec.bank.split).queries)


def bank_source(bank: BankSource, source: CollectionSource) -> CollectionSource:
    """Where the bank's queries come from, and its own documents."""
    if bank.beir is None:
        return _other(bank.id, source)
    folder = BeirFolder(bank.beir, bank.beir.name)
    require([folder])
    return folder


def _other(id_: str | None, source: CollectionSource) -> CollectionSource:
    """Where other queries over the same documents come from: the source itself, or another id of ir_datasets."""
    return source if id_ is None else IrDatasets(id_)


def bank_is_same_collection(spec: CollectionSpec, source: CollectionSource) -> bool:
    """Whether ids of bank and test queries mean the same queries."""
    if spec.bank is None or spec.bank.queries_tsv is not None:
        return False
    if spec.bank.split == "hash":
        return True
    other = bank_source(spec.bank, source)
    if isinstance(source, BeirFolder) and isinstance(other, BeirFolder):
        return source.folder.resolve() == other.folder.resolve()
    if isinstance(source, IrDatasets) and isinstance(other, IrDatasets):
        return source.documents_of == other.documents_of
    return other is source
