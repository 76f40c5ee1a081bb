"""Sample scores, and a postprocessor applied to them in the way the harness does."""

from __future__ import annotations

import numpy as np

from sparsebench.contracts import FitContext, Postprocessor, State
from sparsebench.search import MatrixScores, cached
from sparsebench.search.postprocess import apply_to
from sparsebench.types import ScoreBlocks

QUERIES, BANK, DOCUMENTS = 12, 160, 40
WIDTH = 7


def query_scores() -> np.ndarray:
    """Return scores of the test queries, (12, 40)."""
    return _sample(0, QUERIES)


def bank_scores() -> np.ndarray:
    """Return scores of other queries, (160, 40)."""
    return _sample(1, BANK)


def _sample(seed: int, rows: int) -> np.ndarray:
    """Make scores (rows, 40) float32 as of a sparse model: a third of them 0, and of the others no two alike."""
    scores: np.ndarray = np.random.default_rng(seed).normal(0.4, 1.0, (rows, DOCUMENTS)).clip(0, None)
    return scores.astype(np.float32)


def awkward_scores(rows: int) -> np.ndarray:
    """Make awkward scores (rows, 40): negative numbers, a query and a document without any score, two queries and two
    documents alike.
    """
    scores = _sample(2, rows) - np.float32(0.3)
    scores[1] = 0
    scores[2] = scores[0]
    scores[:, 3] = 0
    scores[:, 5] = scores[:, 4]
    return scores


def near_ties() -> tuple[np.ndarray, np.ndarray]:
    """Make scores (12, 40) and (160, 40) float64 of test queries and a bank, nearly alike whatever is taken off them.

    Documents differ by what all queries give them, the last 20 in four groups not even by that, and else by less than
    float32 keeps: corrected by their bank, many are closer than float32 tells apart.
    """
    rng = np.random.default_rng(6)
    shared = rng.uniform(0.5, 8.0, DOCUMENTS)
    shared[20:] = shared[:4].repeat(5)
    tested, others = (shared + rng.normal(0.0, 1e-7, (rows, DOCUMENTS)) for rows in (QUERIES, BANK))
    return tested, others


def as_blocks(scores: np.ndarray, width: int = WIDTH) -> ScoreBlocks:
    """Blocks of `width` documents, computed once and kept, as the harness keeps them."""
    return cached(MatrixScores(scores, block=width), 2**30)


def as_array(blocks: ScoreBlocks) -> np.ndarray:
    """Return the scores (Q, D), of the type of its blocks."""
    return np.concatenate([block.scores.cpu().numpy() for block in blocks], axis=1)


def fit(method: Postprocessor, test: ScoreBlocks, bank: ScoreBlocks) -> State:
    """Fit on what it may see: nothing, the bank, or the test queries."""
    if method.sees == "query":
        return State()
    fitting = test if method.sees == "batch" else bank
    texts = [f"query {row}" for row in range(fitting.shape[0])]
    return method.fit(fitting, FitContext(query_texts=texts, bank_gallery=_gallery(bank)))


def _gallery(bank: ScoreBlocks) -> ScoreBlocks:
    """Scores of the bank's queries for documents of its own, (B, 9): they know no order of the other documents."""
    return as_blocks(np.sort(as_array(bank), axis=1)[:, -9:])


def apply(method: Postprocessor, state: State, test: ScoreBlocks) -> np.ndarray:
    """Corrected scores (Q, D) float64, all documents candidates."""
    found = apply_to(method, state, test, candidates="all")
    return np.concatenate([block.scores.cpu().numpy() for block, _ in found], axis=1)


def correct(
    method: Postprocessor, scores: np.ndarray, *, bank: np.ndarray | None = None, width: int = WIDTH
) -> np.ndarray:
    """Fit and apply: corrected scores (Q, D) float64. bank: `bank_scores` where none is given."""
    test, others = as_blocks(scores, width), as_blocks(bank_scores() if bank is None else bank, width)
    return apply(method, fit(method, test, others), test)
