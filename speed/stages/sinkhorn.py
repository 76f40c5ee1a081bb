"""Potentials of documents from the scores of all queries: stage `sinkhorn`."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial

import numpy as np

from sparsebench import FitContext
from sparsebench.search import MatrixScores, SparseScores
from sparsebench_plugins.postprocessors._potentials import Streamed
from sparsebench_plugins.postprocessors._sinkhorn_fused import Scaled, team
from sparsebench_plugins.postprocessors.dsl import Dsl
from sparsebench_plugins.postprocessors.sinkhorn import Sinkhorn
from speed.bench import Bench, Item, Run

TAU, ROUNDS = 0.5, 10
POT = "POT sinkhorn_log (torch)"


def items(bench: Bench) -> Iterator[Item]:
    """Ten rounds from scores to potentials, one round of many, one streamed, DSL; growth with D and Q."""
    for queries, documents in bench.size(
        ((1_000, 1_000), (1_000, 20_000), (10_000, 93_000)), ((1_000, 1_000), (1_000, 10_000))
    ):
        scores = dense_scores(bench, queries, documents)
        yield from _fit(bench, scores)
        yield from _round(bench, scores)
    yield from _streamed(bench, *bench.size((1_000, 30_000), (500, 10_000)))
    yield from _dsl(bench, dense_scores(bench, 1_000, 10_000))
    yield from _growth(bench)


def dense_scores(bench: Bench, queries: int, documents: int) -> np.ndarray:
    """Scores (Q, D) float32 of real vectors, divided by the median of the best ones."""
    from sparsebench.search.inverted import InvertedIndex
    from speed.vectors import crossed

    scores = np.empty((queries, documents), dtype=np.float32)
    vectors = bench.queries if queries <= bench.queries.shape[0] else crossed(bench.queries, queries)
    InvertedIndex(bench.documents(documents)).fill(vectors[:queries], slice(0, documents), scores)
    scores /= np.median(scores.max(axis=1))
    return scores


def _subject(scores: np.ndarray) -> str:
    return f"{scores.shape[0]:,} x {scores.shape[1]:,}"


def _ours(scores: np.ndarray, rounds: int = ROUNDS) -> Run:
    return partial(Sinkhorn(tau=TAU, iterations=rounds).fit, MatrixScores(scores), FitContext())


def _share(scores: np.ndarray) -> tuple[np.ndarray, float]:
    """Return what peers are given, and its share of the queries: several copies of a few GB would not fit in memory."""
    part = 10 if scores.nbytes > 2**30 else 1
    return scores[::part], 1 / part


def _fit(bench: Bench, scores: np.ndarray) -> Iterator[Item]:
    part, share = _share(scores)
    peers = {
        "torch, logsumexp": partial(logsumexp, part, ROUNDS),
        POT: partial(pot, part, "sinkhorn_log", ROUNDS),
        "POT sinkhorn (torch), not in the log domain": partial(pot, part, "sinkhorn", ROUNDS),
        "geomloss": partial(_geomloss, part),
    }
    yield from bench.compare(
        stage="sinkhorn",
        subject=f"{_subject(scores)}, {ROUNDS} rounds, tau {TAU}",
        unit="ms",
        value=lambda seconds: 1e3 * seconds,
        ours=_ours(scores),
        peers=peers,
        work=dict.fromkeys(peers, share),
    )


def _round(bench: Bench, scores: np.ndarray) -> Iterator[Item]:
    """A round in the middle of many, when the first is done: as many at a time as a fit has."""
    import torch

    kernel = Streamed(MatrixScores(scores), TAU)
    part, share = _share(scores)
    with team(*scores.shape) as several:
        scaled = Scaled.of(kernel, torch.zeros(len(scores), dtype=torch.float64), "float32", several)

        def rounds() -> None:
            for _ in range(ROUNDS):
                scaled.round()

        yield from bench.compare(
            stage="sinkhorn",
            subject=f"{_subject(scores)}, one round of many",
            unit="ms",
            value=lambda seconds: 1e3 * seconds / ROUNDS,
            ours=rounds,
            peers={
                "torch, logsumexp": partial(logsumexp, part, ROUNDS),
                POT: partial(pot, part, "sinkhorn_log", ROUNDS),
            },
            limit=ROUNDS * scores.nbytes / bench.limits.read,
            work={"torch, logsumexp": share, POT: share},
        )


def _streamed(bench: Bench, queries: int, documents: int) -> Iterator[Item]:
    """A round that computes its scores from the vectors, as it must where all of them do not fit in memory."""
    import torch

    scores = SparseScores(bench.queries[:queries], bench.documents(documents))
    kernel, zeros = Streamed(scores, TAU), torch.zeros(scores.shape[0], dtype=torch.float64)

    def search() -> None:
        for _ in scores:
            pass

    yield from bench.compare(
        stage="sinkhorn",
        subject=f"{scores.shape[0]:,} x {documents:,}, one round streamed",
        unit="ms",
        value=lambda seconds: 1e3 * seconds,
        ours=partial(kernel.round, zeros, torch.neg),
        peers={"one pass of search, all scores": lambda: search},
    )


def logsumexp(scores: np.ndarray, rounds: int) -> Run:
    """Documents first, as it is usually written."""
    import torch

    kernel = torch.from_numpy(scores) / TAU
    log_a, log_b = -np.log(scores.shape[0]), -np.log(scores.shape[1])

    def run() -> None:
        lu = torch.zeros(len(kernel))
        for _ in range(rounds):
            lv = log_b - torch.logsumexp(kernel + lu[:, None], dim=0)
            lu = log_a - torch.logsumexp(kernel + lv, dim=1)

    return run


def pot(scores: np.ndarray, method: str, rounds: int) -> Run:
    """POT, queries first; `sinkhorn` is not in the log domain."""
    import ot
    import torch

    a, b = (torch.full((size,), 1 / size) for size in scores.shape)
    options = {"reg": TAU, "method": method, "numItermax": rounds, "stopThr": 0, "warn": False}
    return partial(ot.sinkhorn, a, b, -torch.from_numpy(scores), **options)


def _geomloss(scores: np.ndarray) -> Run:
    import torch
    from geomloss import ot

    return partial(ot.solve, -torch.from_numpy(scores), reg=TAU, max_iter=ROUNDS)


def _dsl(bench: Bench, scores: np.ndarray) -> Iterator[Item]:
    """Fit and apply."""
    import torch

    blocks, method = MatrixScores(scores), Dsl(tau=TAU)

    def ours() -> None:
        state = method.fit(blocks, FitContext())
        for block in blocks:
            method.apply(block, state, {})

    def softmax() -> None:
        matrix = torch.from_numpy(scores).double()
        torch.softmax(matrix / TAU, dim=0) * matrix

    yield from bench.compare(
        stage="sinkhorn",
        subject=f"{_subject(scores)}, DSL",
        unit="ms",
        value=lambda seconds: 1e3 * seconds,
        ours=ours,
        peers={"torch, softmax (float64)": lambda: softmax},
    )


def _growth(bench: Bench) -> Iterator[Item]:
    scores = dense_scores(bench, 1_000, bench.size(32_000, 8_000))
    widths = [scores.shape[1] // part for part in (8, 4, 2, 1)]
    by_documents = {width: _ours(np.ascontiguousarray(scores[:, :width])) for width in widths}
    yield bench.grow("sinkhorn", "D", "ms", by_documents, lambda seconds, _: 1e3 * seconds)
    by_queries = {count: _ours(scores[:count]) for count in (125, 250, 500, 1_000)}
    yield bench.grow("sinkhorn", "Q", "ms", by_queries, lambda seconds, _: 1e3 * seconds)
