"""`removal`: measure what taking the wackiest tokens out of queries does (METHODS 2.5)."""

from sparsebench_plugins.analyzers.removal.analyzer import Removal
from sparsebench_plugins.analyzers.removal.display import curves

__all__ = ["Removal", "curves"]
