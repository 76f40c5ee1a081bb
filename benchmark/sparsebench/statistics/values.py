"""Per-query values as they come: stored with six significant digits, so that smaller differences are rounding."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

Values = NDArray[np.float64]

RESOLUTION = 1e-5
"""Relative to their size, values that are closer than this count as equal: six digits tell 0.100000 from 0.100001."""


def varies(values: Values) -> bool:
    """Return whether values (n,) have a variance to speak of; one value alone has none."""
    return bool(np.ptp(values) > RESOLUTION * np.abs(values).max())
