"""`sparse_vectors`: vectors that somebody else made, of any tool, by id."""

from sparsebench_plugins.models.sparse_vectors.model import SparseVectors

__all__ = ["SparseVectors"]
