"""Score the wackiness of tokens and its area from observations, by one of the presets of METHODS 2.2."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np

from sparsebench_plugins.analyzers.wackiness.observations import Observations
from sparsebench_plugins.analyzers.wackiness.statistics import paper_area, robust_area, wackiness

Idf = Literal["df", "constant"]
Normaliser = Literal["max", "p99"]

NORMALISERS: dict[Normaliser, str] = {"max": "the largest", "p99": "the 99th percentile"}

FEWEST_ROBUST = 200
"""Tokens below which W-AUC* is not given."""


@dataclass(frozen=True)
class Preset:
    """Settings that turn utilities into wackiness; by default as for W-AUC*.

    Example:
        >>> Preset(idf="constant").normaliser
        'p99'
    """

    idf: Idf = "df"
    """`df`: by document frequencies; `constant`: the same for every token."""

    normaliser: Normaliser = "p99"
    """What utility is divided by: the largest, or the 99th percentile."""

    exclude_special: bool = True
    """Leave out the ids of special tokens."""

    exclude_unreachable: bool = True
    """Leave out ids that no text is split into."""

    area: Literal["paper", "robust"] = "robust"
    """The area of METHODS 2.1, or that of W-AUC*, which asks for 200 tokens."""


PAPER_CODE = Preset("constant", "max", exclude_special=False, exclude_unreachable=False, area="paper")
PAPER_FORMULA = Preset("df", "max", exclude_special=False, exclude_unreachable=False, area="paper")
ROBUST = Preset()
PRESETS = {"paper_code": PAPER_CODE, "paper_formula": PAPER_FORMULA, "robust": ROBUST}


@dataclass(frozen=True)
class Scale:
    """Scale on which the tokens of one collection are scored: idf (V,), the ids left out (V,) bool, and
    `min_occurrences` of a token that is kept.
    """

    idf: np.ndarray
    excluded: np.ndarray
    min_occurrences: int


@dataclass(frozen=True)
class TokenScores:
    """The n kept tokens in order of id.

    terms: (n,) ids. utilities: (n,) u(t) >= 0. occurrences: (n,) scoring queries that expand to the token.
    masses: (n,) sum of its weights in them. wackiness: (n,) in [0, 1].
    """

    terms: np.ndarray
    utilities: np.ndarray
    occurrences: np.ndarray
    masses: np.ndarray
    normaliser: float
    wackiness: np.ndarray

    @property
    def mass_weighted(self) -> float | None:
        """Mean wackiness with each token weighed by its mass; None without tokens or where W is undefined."""
        return float(np.average(self.wackiness, weights=self.masses)) if self.normaliser > 0 else None


def score(observations: Observations, preset: Preset, scale: Scale) -> TokenScores:
    """Aggregate utilities to `u(t)`, drop tokens that are too rare or left out, and scale (METHODS 2.1, 2.2)."""
    size = scale.idf.size
    terms = observations.terms
    occurrences = np.bincount(terms, minlength=size)
    totals = np.bincount(terms, weights=scale.idf[terms] * observations.evidence, minlength=size)
    masses = np.bincount(terms, weights=observations.weights, minlength=size)
    kept = np.flatnonzero((occurrences >= scale.min_occurrences) & ~scale.excluded)
    utilities = totals[kept] / occurrences[kept]
    unit = normaliser(utilities, preset.normaliser)
    return TokenScores(kept, utilities, occurrences[kept], masses[kept], unit, wackiness(utilities, unit))


def normaliser(utilities: np.ndarray, kind: Normaliser) -> float:
    """Return what utility is divided by: the largest, or the 99th percentile (linear); 0 where there is none."""
    if utilities.size == 0:
        return 0.0
    return float(utilities.max() if kind == "max" else np.percentile(utilities, 99))


def area(wackiness: np.ndarray, preset: Preset) -> float:
    """W-AUC or W-AUC* of n tokens; the latter needs n >= 2."""
    return paper_area(wackiness) if preset.area == "paper" else robust_area(wackiness)


def why_too_few(scores: TokenScores, preset: Preset, what: str) -> str | None:
    """Return why these tokens cannot be told apart well enough for `what`, or None where they can."""
    n = scores.terms.size
    if n < FEWEST_ROBUST:
        return f"{n} tokens were scored, {what} needs {FEWEST_ROBUST}"
    return f"{NORMALISERS[preset.normaliser]} of the utilities is 0" if scores.normaliser == 0 else None


def why_no_area(scores: TokenScores, preset: Preset, min_occurrences: int) -> str | None:
    """Return the reason why these tokens have no W-AUC, or None where they have one."""
    n = scores.terms.size
    if n == 0:
        return f"no expansion token occurs in {min_occurrences} scoring queries"
    if preset.area == "robust" and n < FEWEST_ROBUST:
        return f"{n} tokens were kept, W-AUC* needs {FEWEST_ROBUST}"
    if scores.normaliser == 0:
        return f"{NORMALISERS[preset.normaliser]} of the utilities is 0"
    return None
