"""Tables, intervals and numbers of a factor study, for people."""

from __future__ import annotations

from collections.abc import Sequence

from tabulate import tabulate

NOTHING = "–"


def bounds(interval: Sequence[float]) -> str:
    """An interval, signed."""
    return f"[{interval[0]:+.4f}, {interval[1]:+.4f}]"


def grid(headers: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """A table in markdown, cells as they are."""
    return tabulate(rows, headers, tablefmt="github", disable_numparse=True)


def number(value: float | None) -> str:
    """Four digits, or nothing."""
    return NOTHING if value is None else f"{value:.4f}"


def p_value(p: float) -> str:
    """Four digits, and never zero."""
    return f"{p:.4f}" if p >= 5e-5 else "< 0.0001"
