"""`wackiness`: measure how rarely expansion tokens occur in the documents they retrieve (METHODS 2)."""

from sparsebench_plugins.analyzers.wackiness.analyzer import Wackiness

__all__ = ["Wackiness"]
