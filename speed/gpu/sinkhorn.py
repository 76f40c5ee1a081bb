"""Ten rounds of Sinkhorn: ours, and logsumexp as papers write it."""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING

import numpy as np

from sparsebench import FitContext
from sparsebench.device import upload
from sparsebench.search import MatrixScores
from sparsebench_plugins.postprocessors.sinkhorn import Sinkhorn
from speed.gpu.asked import Asked, Found

if TYPE_CHECKING:
    from torch import Tensor

TAU, ROUNDS, BLOCK = 0.5, 10, 32_768


def found(asked: Asked) -> Found:
    """Seconds of ten rounds, and how far the potentials are from the CPU's."""
    queries, documents = asked.sized(100, 1000), asked.sized(1000, 200_000)
    scores = np.random.default_rng(0).gamma(2.0, 0.25, (queries, documents)).astype(np.float32)
    resident = upload(scores, asked.device)
    runs = {
        "ours on the device": partial(fitted, MatrixScores(scores, device=asked.device, block=BLOCK)),
        "ours on the device, scores there": partial(fitted, Resident(resident, scores)),
        "ours on the CPU": partial(fitted, MatrixScores(scores)),
        "logsumexp, as in papers": partial(papers, resident),
    }
    potentials = {name: run() for name, run in runs.items()}
    expected = potentials["ours on the CPU"]
    return {
        "queries": queries,
        "documents": documents,
        "bytes": ROUNDS * scores.nbytes,
        "off": {name: float(np.abs(TAU * (each - expected)).max()) for name, each in potentials.items()},
        "rivals": asked.rivals(runs, work=ROUNDS),
    }


@dataclass(frozen=True, eq=False, init=False)
class Resident(MatrixScores):
    """Scores that are on the device from the first."""

    there: Tensor

    def __init__(self, there: Tensor, matrix: np.ndarray) -> None:
        super().__init__(matrix, device=str(there.device), block=BLOCK)
        object.__setattr__(self, "there", there)

    def scores(self, columns: slice) -> Tensor:
        """Scores (Q, d)."""
        return self.there[:, columns]


def fitted(blocks: MatrixScores) -> np.ndarray:
    """LSE of each document, (D,) float64, with the potentials that the last round has."""
    state = Sinkhorn(tau=TAU, iterations=ROUNDS).fit(blocks, FitContext())
    lse: np.ndarray = state.arrays["lse"].cpu().numpy()
    return lse


def papers(scores: Tensor) -> np.ndarray:
    """Do the same in float32, every round twice through all pairs."""
    import torch

    kernel, lu = scores / TAU, torch.zeros(len(scores), device=scores.device)
    for done in range(ROUNDS):
        lse = (kernel + lu[:, None]).logsumexp(0)
        if done < ROUNDS - 1:
            lu = -math.log(len(scores)) - (kernel - lse - math.log(len(lse))).logsumexp(1)
    found: np.ndarray = lse.double().cpu().numpy()
    return found
