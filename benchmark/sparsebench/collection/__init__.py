"""Test collections: where documents, queries and judgments come from, and how queries are chosen among."""

from sparsebench.collection.bank import Bank, resolve_bank, untested
from sparsebench.collection.beir import BeirFolder
from sparsebench.collection.corpus import Corpus, absent_judgments, scan
from sparsebench.collection.irds import IrDatasets
from sparsebench.collection.topics import Judged, Split, empty_queries, folds, hash_split, judged, limit, topics_digest
from sparsebench.collection.tsv import TsvCollection, read_queries

__all__ = [
    "Bank",
    "BeirFolder",
    "Corpus",
    "IrDatasets",
    "Judged",
    "Split",
    "TsvCollection",
    "absent_judgments",
    "empty_queries",
    "folds",
    "hash_split",
    "judged",
    "limit",
    "read_queries",
    "resolve_bank",
    "scan",
    "topics_digest",
    "untested",
]
