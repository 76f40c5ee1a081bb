"""Growth of a cost with a size."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np


@dataclass(frozen=True)
class Growth:
    """Costs at several sizes, e.g. of `search` as D grows, and the power of the size that fits them best."""

    stage: str
    letter: str
    unit: str
    costs: Mapping[int, float]

    @property
    def power(self) -> float:
        """1 where twice the size costs twice as much."""
        sizes, costs = zip(*self.costs.items(), strict=True)
        slope, _ = np.polyfit(np.log(sizes), np.log(costs), 1)
        return float(slope)
