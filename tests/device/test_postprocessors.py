"""Every postprocessor gives on the device what it gives on the CPU, without a block of scores on the host."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from device.simulator import simulated
from sparsebench import FitContext, State
from sparsebench.search import MatrixScores, scaled
from sparsebench_plugins.postprocessors import register_postprocessors

QUERIES, DOCUMENTS = 40, 700
FORMS = [
    ("none", {}),
    *(
        (name, {"tau": 0.1})
        for name in ("dsl", "dsl_single_query", "inverted_softmax", "inverted_softmax_single_query")
    ),
    *((name, {"tau": 0.1, "pool": 20}) for name in ("dsl", "inverted_softmax", "sinkhorn", "sinkhorn_single_query")),
    *((name, {"tau": 0.1, "pool": 20}) for name in ("dsl_single_query", "inverted_softmax_single_query")),
    ("sinkhorn", {"tau": 0.1}),
    ("sinkhorn", {"tau": 0.05, "order": "queries", "document_marginal": 0.5}),
    ("sinkhorn", {"tau": 0.1, "query_weights": "dedup"}),
    ("sinkhorn_single_query", {"tau": 0.1}),
    ("sinkhorn_single_query", {"tau": 0.1, "mode": "append", "iterations": 3}),
    ("csls", {}),
    ("csls_single_query", {}),
    ("nnn", {}),
    ("qb_norm", {"tau": 0.1}),
]


def test_every_built_in_is_among_them() -> None:
    # dbsn needs a bank with documents of its own, and is Sinkhorn over both: see test_dbsn.
    assert {plugin.name for plugin in register_postprocessors()} - {"dbsn"} == {name for name, _ in FORMS}


def matrix(rows: int, seed: int, columns: int = DOCUMENTS) -> np.ndarray:
    return np.random.default_rng(seed).gamma(2.0, 0.25, (rows, columns)).astype(np.float32)


def corrected(name: str, params: dict[str, object], device: str) -> np.ndarray:
    """Fitted on what it sees, applied block by block."""
    factory = {plugin.name: plugin.factory for plugin in register_postprocessors()}[name]
    method = factory(**params)
    test = scaled(MatrixScores(matrix(QUERIES, 1), device=device, block=200), 1.3)
    bank = scaled(MatrixScores(matrix(60, 2), device=device, block=200), 1.3)
    fitting = {"query": None, "bank": bank, "batch": test}[method.sees]
    texts = tuple(f"query {number // 2}" for number in range(fitting.shape[0] if fitting else 0))
    gallery = scaled(MatrixScores(matrix(60, 3, 90), device=device), 1.3) if method.reads_bank_gallery else None
    state = State() if fitting is None else method.fit(fitting, FitContext(query_texts=texts, bank_gallery=gallery))
    stats = method.row_stats(test, state)
    return torch.cat([method.apply(block, state, stats).double().cpu() for block in test], dim=1).numpy()


WITH_GALLERY = [("dbsn", {"tau": 0.1}), ("dbsn", {"tau": 0.1, "pool": 20}), ("dbsn", {"tau": 0.05, "iterations": 3})]


@pytest.mark.parametrize(("name", "params"), [*FORMS, *WITH_GALLERY], ids=str)
def test_the_device_corrects_as_the_cpu_does(name: str, params: dict[str, object]) -> None:
    expected = corrected(name, params, "cpu")
    with simulated() as counts:
        found = corrected(name, params, "cuda")
        assert counts["download_bytes"] < 1.5 * found.nbytes, "what is asked for here, and no block of scores beside it"
    np.testing.assert_allclose(found, expected, rtol=1e-5, atol=1e-5)
