"""Statistics of a paired sample under the normal model: t test, effect size, detectable difference, equivalence.

All take the differences (n,) of two systems, query by query. None stands where there is nothing to say: fewer than two
queries (three for the effect size), or differences without variance.
"""

from __future__ import annotations

import math

import numpy as np

from sparsebench.statistics.values import Values, varies

ALPHA = 0.05
POWER = 0.8


def paired_t_p(differences: Values) -> float | None:
    """Two-sided p value of the paired t test."""
    if not varies(differences):
        return None
    from scipy import stats

    return float(stats.ttest_1samp(differences, 0.0).pvalue)


def effect_size(differences: Values) -> float | None:
    """Hedges' g_z: Cohen's d_z (mean / standard deviation of the differences) times the exact correction for its bias
    in small samples, J = gamma(f/2) / (sqrt(f/2) gamma((f-1)/2)) with f = n - 1 (Hedges 1981)."""
    freedom = len(differences) - 1
    if freedom < 2 or not varies(differences):
        return None
    correction = math.exp(math.lgamma(freedom / 2) - math.lgamma((freedom - 1) / 2)) / math.sqrt(freedom / 2)
    return float(differences.mean() / differences.std(ddof=1)) * correction


def minimal_detectable_difference(differences: Values, *, alpha: float = ALPHA, power: float = POWER) -> float | None:
    """The mean difference that a two-sided paired t test at `alpha` finds with probability `power`, were the
    differences to keep their standard deviation. Exact but for the chance (below 1e-4) of finding it with the wrong
    sign. One test: Holm's correction asks for more."""
    if not varies(differences):
        return None
    from scipy import special, stats

    n = len(differences)
    noncentrality = special.nctdtrinc(n - 1, 1 - power, stats.t.ppf(1 - alpha / 2, n - 1))
    return float(noncentrality * differences.std(ddof=1) / np.sqrt(n))


def equivalence_p(differences: Values, *, margin: float) -> float | None:
    """Return the p-value of the two one-sided t tests (Schuirmann 1987) that the mean difference lies in (-margin,
    margin). margin > 0, in units of the measure, to be stated before looking.
    """
    if not varies(differences):
        return None
    from scipy import stats

    above = stats.ttest_1samp(differences, -margin, alternative="greater").pvalue
    below = stats.ttest_1samp(differences, margin, alternative="less").pvalue
    return float(max(above, below))
