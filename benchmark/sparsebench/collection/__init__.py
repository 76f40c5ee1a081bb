"""Read test collections: formats of documents, queries and judgments; test, bank and development queries."""

from sparsebench.collection.bank import normalised
from sparsebench.collection.beir import BeirFolder
from sparsebench.collection.irds import IrDatasets
from sparsebench.collection.qrels import read_qrels
from sparsebench.collection.tsv import TsvCollection, read_queries

__all__ = ["BeirFolder", "IrDatasets", "TsvCollection", "normalised", "read_qrels", "read_queries"]
