"""Scores of all documents, lazily, as `ScoreBlocks`."""

from benchmark.search.inverted import LazyIndex
from benchmark.search.matrix import MatrixScores
from benchmark.search.scale import Scale, median_top1, resolve_scale
from benchmark.search.sparse import SparseScores
from benchmark.search.views import cached, chosen, scaled

__all__ = [
    "LazyIndex",
    "MatrixScores",
    "Scale",
    "SparseScores",
    "cached",
    "chosen",
    "median_top1",
    "resolve_scale",
    "scaled",
]
