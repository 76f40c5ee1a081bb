"""Compute the scores of all documents as blocks: sparse vectors, matrices, views and scaling."""

from sparsebench.search.engines import LazyIndex
from sparsebench.search.matrix import MatrixScores
from sparsebench.search.scale import Scale, median_top1, resolve_scale
from sparsebench.search.source import ranges
from sparsebench.search.sparse import SparseScores
from sparsebench.search.views import byte_count, cached, chosen, scaled, touched, unscaled

__all__ = [
    "LazyIndex",
    "MatrixScores",
    "Scale",
    "SparseScores",
    "byte_count",
    "cached",
    "chosen",
    "median_top1",
    "ranges",
    "resolve_scale",
    "scaled",
    "touched",
    "unscaled",
]
