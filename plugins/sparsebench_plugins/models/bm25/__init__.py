"""BM25 as a sparse encoder: impacts on the document side, term counts on the query side."""

from __future__ import annotations

from sparsebench_plugins.models.bm25.model import Bm25, FittedBm25
from sparsebench_plugins.models.bm25.terms import bigrams

__all__ = ["Bm25", "FittedBm25", "bigrams"]
