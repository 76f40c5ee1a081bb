"""Settings and results of a comparison: plain data, of which `dataclasses.asdict` makes JSON."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from sparsebench.statistics.bootstrap import RESAMPLES, Interval
from sparsebench.statistics.paired import ALPHA, POWER
from sparsebench.statistics.sign_flips import FLIPS, MOST_FLIPS


@dataclass(frozen=True)
class Settings:
    """Settings of a comparison. margin: within which two systems count as equivalent; without it, that is not tested.

    flips: of a test. One whose 99 % Monte-Carlo interval holds alpha, so that chance would decide, gets four times as
    many, again and again, up to most_flips.

    Example:
        >>> Settings(margin=0.01).alpha
        0.05
    """

    alpha: float = ALPHA
    power: float = POWER
    margin: float | None = None
    flips: int = FLIPS
    most_flips: int = MOST_FLIPS
    resamples: int = RESAMPLES
    seed: int = 0


DEFAULTS = Settings()


@dataclass(frozen=True)
class Contrast:
    """A system minus the baseline on the same queries.

    p_holm: p_sign_flip, corrected within the family of every row against the baseline over all collections.
    effect_size: Hedges' g_z. detectable: the difference that a t test would find with the stated power.
    p_equivalence: of two one-sided t tests. What needs a variance is None without one. flips: that p_sign_flip is of.
    is_near: whether its Monte-Carlo interval holds alpha even so.

    Example: `[cell.contrast.p_holm for cell in comparison.cells if cell.contrast]`.
    """

    difference: float
    interval: Interval | None
    p_sign_flip: float
    p_holm: float
    p_t: float | None
    effect_size: float | None
    detectable: float | None
    p_equivalence: float | None
    flips: int
    is_near: bool


@dataclass(frozen=True)
class Cell:
    """A system on a collection of n queries. rank: shared, by AllPairs. contrast: None where it is the baseline or the
    baseline has no values.

    Example: `{(cell.system, cell.collection): cell.rank for cell in comparison.cells}`.
    """

    system: str
    collection: str
    n: int
    mean: float
    interval: Interval | None
    rank: int
    contrast: Contrast | None


@dataclass(frozen=True)
class AllPairs:
    """Tests of every pair of systems on a collection. p: (S, S), studentised step-down max-T, of so many flips.

    Example:
        >>> pairs = AllPairs("mini", ("bm25", "splade"), ((1.0, 0.02), (0.02, 1.0)), flips=10_000)
        >>> pairs.p[0][pairs.systems.index("splade")]
        0.02
    """

    collection: str
    systems: tuple[str, ...]
    p: tuple[tuple[float, ...], ...]
    flips: int


@dataclass(frozen=True)
class MacroAverage:
    """A system over a named group of collections; only systems that have them all.

    difference: to the baseline; None where that lacks a collection, or is the system itself. It is not tested: the
    family of tests is over collections.

    Example: `{each.system: each.mean for each in comparison.macro_averages if each.group == "mean"}`.
    """

    system: str
    group: str
    mean: float
    interval: Interval | None
    difference: float | None
    difference_interval: Interval | None


@dataclass(frozen=True)
class Comparison:
    """Comparison of all systems with a baseline.

    measures: collection -> what was compared there. family: how many tests Holm's correction is over.

    Example: `results.compare(baseline="bm25 + none").all_pairs[0].p`.
    """

    baseline: str
    measures: Mapping[str, str]
    settings: Settings
    family: int
    cells: tuple[Cell, ...]
    all_pairs: tuple[AllPairs, ...]
    macro_averages: tuple[MacroAverage, ...]
