"""Sparse models of text and images: a folder of sentence-transformers whose document route looks at pictures."""

from sparsebench_plugins.models.sparse_images.model import SparseImages

__all__ = ["SparseImages"]
