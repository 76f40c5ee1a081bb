"""Postprocessors applied to plain arrays."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence

import numpy as np
import pytest
import torch

from sparsebench import FitContext, Postprocessor
from sparsebench.search import MatrixScores
from sparsebench.search.postprocess import apply_to

Correct = Callable[..., np.ndarray]
Potentials = Callable[..., np.ndarray]


def correct(
    postprocessor: Postprocessor,
    scores: np.ndarray,
    *,
    bank: np.ndarray | None = None,
    gallery: np.ndarray | None = None,
    texts: Sequence[str] = (),
    block: int = 1000,
    floor: float = -math.inf,
) -> np.ndarray:
    """Corrected scores (Q, D) float64, all documents candidates, fitted on the bank if given and else on `scores`.

    gallery: (B, E) scores of the bank's queries for its own documents.
    """
    test = MatrixScores(scores, block=block, floor=floor)
    fitting = test if bank is None else MatrixScores(bank, block=block, floor=floor)
    own = None if gallery is None else MatrixScores(gallery, block=block, floor=floor)
    state = postprocessor.fit(fitting, FitContext(query_texts=texts, bank_gallery=own))
    found = apply_to(postprocessor, state, test, candidates="all")
    return torch.cat([corrected.scores for corrected, _ in found], dim=1).numpy()


@pytest.fixture(scope="session")
def corrected() -> Correct:
    """See `correct`."""
    return correct


@pytest.fixture(scope="session")
def similarities(shared_dir) -> np.ndarray:
    """Real cosines of captions, (1000, 1000): caption 1 (query) with caption 4, the right answer on the diagonal."""
    found: np.ndarray = np.load(shared_dir / "data" / "multi30k" / "sim_minilm_test2016_cap1_cap4.npy")
    return found
