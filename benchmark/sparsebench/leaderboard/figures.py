"""A table field: words, nothing, or a number that knows how it is printed."""

from __future__ import annotations

import math
from dataclasses import dataclass

NOTHING = "–"
DIGITS = 4


@dataclass(frozen=True)
class Figure:
    """A number. interval: its confidence interval. best: of its column. mark: what the notes explain (†). noise: how
    far encoding alone can move it, where that is known. spread: standard deviation over seeds, where it is a mean of
    trainings."""

    value: float
    digits: int = DIGITS
    signed: bool = False
    interval: tuple[float, float] | None = None
    best: bool = False
    mark: str = ""
    noise: float | None = None
    spread: float | None = None

    def __str__(self) -> str:
        """Return the number as printed: in parentheses where it may be nothing but noise."""
        number = format(self.value, f"{'+' if self.signed else ''}.{self.digits}f")
        return f"({number})" if self.is_noise else number

    @property
    def is_noise(self) -> bool:
        """True if encoding alone could have made it."""
        return self.noise is not None and abs(self.value) <= self.noise

    @property
    def half_width(self) -> str | None:
        """Half the width of the interval, or the deviation over seeds, as printed."""
        if self.spread is not None:
            return format(self.spread, f".{self.digits}f")
        return None if self.interval is None else format((self.interval[1] - self.interval[0]) / 2, f".{self.digits}f")


Field = str | Figure | None


def measured(value: float | None, interval: tuple[float, float] | None = None, mark: str = "") -> Figure | None:
    """A measure as a field; None where there is no number."""
    return None if value is None or math.isnan(value) else Figure(value, interval=interval, mark=mark)


def printed(value: float | None) -> str:
    """A measure as printed: four decimals."""
    return str(measured(value) or NOTHING)
