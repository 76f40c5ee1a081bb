"""Encode texts as sparse vectors: batches, pooling engines, and the stored form of vectors."""

from sparsebench.encoding.batches import encode_in_batches, token_budget_batches
from sparsebench.encoding.engines import AnyEngine, Decoder, Engine, cpu_engine, decoder, engine_on, passed_over
from sparsebench.encoding.pooling import Activation, Pooling, pool
from sparsebench.encoding.sparse import csr, prune, prune_ratio, widen

__all__ = [
    "Activation",
    "AnyEngine",
    "Decoder",
    "Engine",
    "Pooling",
    "cpu_engine",
    "csr",
    "decoder",
    "encode_in_batches",
    "engine_on",
    "passed_over",
    "pool",
    "prune",
    "prune_ratio",
    "token_budget_batches",
    "widen",
]
