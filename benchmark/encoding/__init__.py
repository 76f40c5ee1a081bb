"""From the hidden states of a masked language model to sparse vectors: batches of texts, blocks of the vocabulary."""

from benchmark.encoding.batches import encode_in_batches, token_budget_batches
from benchmark.encoding.pooling import Activation, Pooling, pool
from benchmark.encoding.sparse import csr, prune, widen

__all__ = ["Activation", "Pooling", "csr", "encode_in_batches", "pool", "prune", "token_budget_batches", "widen"]
