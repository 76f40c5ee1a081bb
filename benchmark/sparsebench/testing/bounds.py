"""The bounds that a postprocessor states of its float32 keys, held to its `apply` in float64 (METHODS 3.8a)."""

from __future__ import annotations

import numpy as np

from sparsebench.contracts import Postprocessor, State
from sparsebench.search.postprocess import checked_bounds, row_stats_of
from sparsebench.search.shortlist import states_bounds
from sparsebench.testing.checks import Subject, require
from sparsebench.testing.scores import apply, as_blocks, awkward_scores, bank_scores, fit, near_ties, query_scores
from sparsebench.types import ScoreBlocks


def bounds_rule_out_no_better_document(method: Subject[Postprocessor]) -> None:
    """The float32 keys of `bounds`, if it has any, are no further from the order of `apply` than they say, near ties
    included: else a GPU ranks other documents than a CPU."""
    if not states_bounds(method.make()):
        return
    tied, tied_bank = near_ties()
    for scores, bank in (
        (query_scores(), bank_scores()),
        (awkward_scores(12), awkward_scores(160)),
        (tied, tied_bank),
        (tied.astype(np.float32), tied_bank.astype(np.float32)),
    ):
        _require_bounds(method.make(), scores, bank)


def _require_bounds(made: Postprocessor, scores: np.ndarray, bank: np.ndarray) -> None:
    test = as_blocks(scores)
    state = fit(made, test, as_blocks(bank))
    found = _bounded(made, state, test)
    if found is None:
        return
    (keys, error), corrected = found, apply(made, state, test)
    lower, upper = keys - error, keys + error
    # Keys may be any increasing function of what `apply` returns: only pairs of a row can refute them.
    below = corrected[:, :, None] <= corrected[:, None, :]
    wrong = np.argwhere(below & (lower[:, :, None] > upper[:, None, :]))
    if len(wrong):
        row, worse, better = wrong[0].tolist()
        require(
            False,
            f"the bounds of `bounds` are too small for {len(wrong)} pairs: of query row {row}, document {better} is no "
            f"worse than document {worse} by `apply` ({corrected[row, better]:.9g} and {corrected[row, worse]:.9g}), "
            f"yet its key is at most {upper[row, better]:.9g} and the other's at least {lower[row, worse]:.9g}",
        )


def _bounded(method: Postprocessor, state: State, test: ScoreBlocks) -> tuple[np.ndarray, np.ndarray] | None:
    """Return keys and errors (Q, D) float32 by `bounds`; None where a block has none."""
    row_stats, keys, errors = row_stats_of(method, state, test), [], []
    for block in test:
        found = checked_bounds(method, block, state, row_stats)
        if found is None:
            return None
        keys.append(found[0].cpu().numpy())
        errors.append(found[1].expand_as(found[0]).cpu().numpy())
    return np.concatenate(keys, axis=1), np.concatenate(errors, axis=1)
