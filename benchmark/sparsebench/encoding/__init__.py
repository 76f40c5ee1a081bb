"""Encode texts as sparse vectors: batches, pooling engines, and the stored form of vectors."""

from sparsebench.encoding.batches import encode_in_batches, encode_on_device, token_budget_batches
from sparsebench.encoding.engines import (
    AnyEngine,
    Decoder,
    Engine,
    Precision,
    cpu_engine,
    decoder,
    device_decoder,
    engine_on,
    passed_over,
    slow_without,
)
from sparsebench.encoding.on_device import DeviceDecoder, Running, States, tokens_on
from sparsebench.encoding.pooling import Activation, Pooling, pool
from sparsebench.encoding.sparse import csr, prune, prune_ratio, widen

__all__ = [
    "Activation",
    "AnyEngine",
    "Decoder",
    "DeviceDecoder",
    "Engine",
    "Pooling",
    "Precision",
    "Running",
    "States",
    "cpu_engine",
    "csr",
    "decoder",
    "device_decoder",
    "encode_in_batches",
    "encode_on_device",
    "engine_on",
    "passed_over",
    "pool",
    "prune",
    "prune_ratio",
    "slow_without",
    "token_budget_batches",
    "tokens_on",
    "widen",
]
