"""`wackiness` (METHODS 2): how little a query's expansion tokens occur in the documents they help to retrieve."""

from sparsebench_plugins.analyzers.wackiness.analyzer import Wackiness

__all__ = ["Wackiness"]
