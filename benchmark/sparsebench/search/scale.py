"""The scale that scores are divided by, so that a temperature means the same for every model (METHODS 3)."""

from __future__ import annotations

import math
from typing import Literal

import numpy as np

from sparsebench.errors import ScoreError
from sparsebench.types import ScoreBlocks

Scale = Literal["median_top1", "none"] | float


def resolve_scale(scale: Scale, blocks: ScoreBlocks) -> float:
    """The number to divide by: taken from the blocks for `median_top1`, 1 for `none`, or as given.

    Raises ScoreError unless it is finite and above 0 (a negative one would turn every ranking round).
    """
    if scale == "none":
        return 1.0
    number = median_top1(blocks) if scale == "median_top1" else float(scale)
    if not 0 < number < math.inf:
        found = f" (`scale: median_top1` over {blocks.shape[0]} fitting queries)" if scale == "median_top1" else ""
        raise ScoreError(
            f"scores cannot be divided by {number:g}{found}; a scale is finite and above 0. "
            "Set `scale:` to `none` or to a number that fits these scores."
        )
    return number


def median_top1(blocks: ScoreBlocks) -> float:
    """The median over queries of the highest score of any document; NaN without queries or without documents."""
    queries, documents = blocks.shape
    if not queries or not documents:
        return math.nan
    highest = np.full(queries, -np.inf)
    for block in blocks:
        np.maximum(highest, block.scores.amax(dim=1).cpu().numpy(), out=highest)
    return float(np.median(highest))
