"""Test collections: where documents, queries and judgments come from, and how queries are chosen among."""

from benchmark.collection.bank import Bank, resolve_bank
from benchmark.collection.beir import BeirFolder
from benchmark.collection.corpus import Corpus, absent_judgments, scan
from benchmark.collection.irds import IrDatasets
from benchmark.collection.topics import Judged, Split, digest, empty, folds, hash_split, judged, limit
from benchmark.collection.tsv import TsvCollection

__all__ = [
    "Bank",
    "BeirFolder",
    "Corpus",
    "IrDatasets",
    "Judged",
    "Split",
    "TsvCollection",
    "absent_judgments",
    "digest",
    "empty",
    "folds",
    "hash_split",
    "judged",
    "limit",
    "resolve_bank",
    "scan",
]
