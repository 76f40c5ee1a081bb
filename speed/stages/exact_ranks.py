"""Rankings as exact arithmetic gives them, from scores, beside what float32 alone takes: stage `exact_ranks`.

METHODS 3.8a allows 1.3 times the time at temperatures where float32 decides.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import partial
from typing import TYPE_CHECKING

import numpy as np

from sparsebench import FitContext, Postprocessor
from sparsebench.rank import TopK
from sparsebench.search import MatrixScores, cached
from sparsebench_plugins.postprocessors._potentials import Streamed, of_few_rows
from sparsebench_plugins.postprocessors._sinkhorn_fused import Scaled, team
from sparsebench_plugins.postprocessors.inverted_softmax import InvertedSoftmax
from sparsebench_plugins.postprocessors.sinkhorn import Sinkhorn
from speed.bench import Bench, Item, Run
from speed.stages.sinkhorn import dense_scores

if TYPE_CHECKING:
    from torch import Tensor

TAU, ROUNDS, DEPTH, PAIRS = 0.5, 10, 100, 2**19
ALONE = "float32 alone"
Learn = Callable[[Streamed], "Tensor"]


def items(bench: Bench) -> Iterator[Item]:
    """Inverted softmax and Sinkhorn: what is learnt, and with the ranking of the same queries."""
    sizes = bench.size(((1_000, 1_000), (1_000, 20_000)), ((1_000, 1_000), (1_000, 10_000)))
    for queries, documents in sizes:
        scores = dense_scores(bench, queries, documents)
        for method, learn in (
            (InvertedSoftmax(tau=TAU), _softmax),
            (Sinkhorn(tau=TAU, iterations=ROUNDS), _sinkhorn),
        ):
            named = f"{queries:,} x {documents:,}, {type(method).__name__}, tau {TAU}"
            ways = {
                f"{named}, scores to potentials": (partial(_fit, method, scores), partial(_alone, learn, scores)),
                f"{named}, scores to rankings": (
                    partial(_ranked, method, scores),
                    partial(_alone_ranked, learn, scores),
                ),
            }
            for subject, (ours, theirs) in ways.items():
                yield from bench.compare(
                    stage="exact_ranks",
                    subject=subject,
                    unit="ms",
                    value=lambda seconds: 1e3 * seconds,
                    ours=ours,
                    peers={ALONE: partial(_same, theirs)},
                )


def _same(run: Run) -> Run:
    return run


def _fit(method: Postprocessor, scores: np.ndarray) -> None:
    method.fit(MatrixScores(scores), FitContext())


def _ranked(method: Postprocessor, scores: np.ndarray) -> None:
    blocks = cached(MatrixScores(scores), scores.nbytes)
    state = method.fit(blocks, FitContext())
    top = _top(scores)
    for block in blocks:
        top.add(block.columns, method.apply(block, state, {}))
    top.ranking()


def _alone(learn: Learn, scores: np.ndarray) -> None:
    learn(Streamed(MatrixScores(scores), TAU))


def _alone_ranked(learn: Learn, scores: np.ndarray) -> None:
    blocks = cached(MatrixScores(scores), scores.nbytes)
    lv, top = learn(Streamed(blocks, TAU)), _top(scores)
    for block in blocks:
        top.add(block.columns, block.scores.double() + TAU * lv[block.columns])
    top.ranking()


def _top(scores: np.ndarray) -> TopK:
    return TopK(scores.shape[0], DEPTH, np.arange(scores.shape[1]))


def _softmax(kernel: Streamed) -> Tensor:
    """- LSE_i L_ij (D,) with exponentials in float32, a cacheful at a time: as it was done before ranks were exact."""
    import torch

    parts = []
    for block in kernel.blocks:

        def of_rows(rows: slice, scores: Tensor = block.scores) -> tuple[Tensor, Tensor]:
            terms = scores[rows] / kernel.tau
            peaks = terms.amax(dim=0)
            return peaks, terms.sub_(peaks).exp_().sum(dim=0)

        peaks, totals = map(torch.stack, zip(*of_few_rows(of_rows, block.scores, PAIRS), strict=True))
        parts.append(-(peaks + totals.log()).double().logsumexp(dim=0))
    return torch.cat(parts)


def _sinkhorn(kernel: Streamed) -> Tensor:
    """lv (D,) of products in float32, decided or not."""
    import torch

    with team(*kernel.shape) as several:
        scaled = Scaled.of(kernel, torch.zeros(kernel.shape[0], dtype=torch.float64), "float32", several)
        for _ in range(ROUNDS - 1):
            scaled.round()
    # The largest term of each document is in the products.
    peaks = torch.cat([block.scores.amax(dim=0) for block in kernel.blocks]).double() / kernel.tau
    return torch.from_numpy(np.log(scaled.v)) - peaks
