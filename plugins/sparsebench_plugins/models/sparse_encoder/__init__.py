"""`sparse_encoder`, the general door: any folder of sentence-transformers, encoded by its `SparseEncoder` itself.

`splade` is the checked, faster way; this one also reads LoRA, sparse autoencoders, causal bodies and code that a
checkpoint brings. Needs the extra `sparsebench[sparse-encoder]`.
"""

from sparsebench_plugins.models.sparse_encoder.model import SentenceTransformersEncoder

__all__ = ["SentenceTransformersEncoder"]
