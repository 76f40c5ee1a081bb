"""From the hidden states of a masked language model to sparse vectors: batches of texts, blocks of the vocabulary."""

from benchmark.encoding.batches import encode_in_batches, token_budget_batches
from benchmark.encoding.engines import AnyEngine, Decoder, Engine, cpu_engine, decoder, engine_on, passed_over
from benchmark.encoding.pooling import Activation, Pooling, pool
from benchmark.encoding.sparse import csr, prune, widen

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
    "token_budget_batches",
    "widen",
]
