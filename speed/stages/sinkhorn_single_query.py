"""Potentials of documents for each query beside a bank: stage `sinkhorn_single_query`."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial

import numpy as np

from sparsebench import Block, FitContext
from sparsebench.search import MatrixScores
from sparsebench_plugins.postprocessors.sinkhorn import SinkhornSingleQuery
from speed.bench import Bench, Item, Run
from speed.stages.sinkhorn import POT, TAU, dense_scores, logsumexp, pot

ROUNDS = 10
NAIVE = "torch, logsumexp, query by query"
PRODUCTS = 4
"""Floating-point operations a round for each bank query, document and query: two products of matrices."""


def items(bench: Bench) -> Iterator[Item]:
    """`append` and `frozen` against a fit for each query; growth with the number of queries."""
    bank_size, documents, queries = bench.size((1_000, 20_000, 512), (300, 10_000, 128))
    scores = dense_scores(bench, bank_size + queries, documents)
    bank, own = scores[:bank_size], scores[bank_size:]
    yield from bench.compare(
        stage="sinkhorn_single_query",
        subject=f"append, bank {bank_size:,} x {documents:,}, {ROUNDS} rounds, {queries} queries at once",
        unit="ms/query",
        value=lambda seconds: 1e3 * seconds / queries,
        ours=_append(bank, own),
        peers=_one_by_one(scores[: bank_size + 1]),
        limit=PRODUCTS * bank.size * queries * (ROUNDS - 1) / bench.limits.gemm,
        work={NAIVE: 1 / queries, POT: 1 / queries},
    )
    yield from bench.compare(
        stage="sinkhorn_single_query",
        subject=f"frozen, bank {bank_size:,} x {documents:,}, {queries} queries at once",
        unit="ms/query",
        value=lambda seconds: 1e3 * seconds / queries,
        ours=_frozen(bank, own),
        peers=_one_by_one(scores[: bank_size + 1]),
        work={NAIVE: 1 / queries, POT: 1 / queries},
    )
    sizes = [queries // part for part in (8, 4, 2, 1)]
    grow = {size: _append(bank, own[:size]) for size in sizes}
    yield bench.grow("sinkhorn_single_query", "Q", "ms", grow, lambda seconds, _: 1e3 * seconds)


def _one_by_one(scores: np.ndarray) -> dict[str, partial[Run]]:
    return {NAIVE: partial(logsumexp, scores, ROUNDS), POT: partial(pot, scores, "sinkhorn_log", ROUNDS)}


def _append(bank: np.ndarray, own: np.ndarray) -> Run:
    method = SinkhornSingleQuery(tau=TAU, iterations=ROUNDS, mode="append")
    state = method.fit(MatrixScores(bank), FitContext())
    return partial(method.row_stats, MatrixScores(own), state)


def _frozen(bank: np.ndarray, own: np.ndarray) -> Run:
    import torch

    method = SinkhornSingleQuery(tau=TAU, iterations=ROUNDS)
    state = method.fit(MatrixScores(bank), FitContext())
    return partial(method.apply, Block(slice(0, own.shape[1]), torch.from_numpy(own)), state, {})
