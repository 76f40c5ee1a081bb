"""Significance tests, confidence intervals and corrections, as pure functions of per-query values.

Letters: n queries, S systems, C collections, B flips or resamples, m tests of a family. scipy does what it has and is
imported when it is needed; sign flips, their max-T form and Holm's correction are ours.
"""

from sparsebench.statistics.agreement import kendall_tau
from sparsebench.statistics.bootstrap import (
    Interaction,
    Interval,
    difference_of_differences,
    macro_interval,
    mean_interval,
)
from sparsebench.statistics.comparison import compare
from sparsebench.statistics.correction import holm, shared_ranks
from sparsebench.statistics.paired import ALPHA, effect_size, equivalence_p, minimal_detectable_difference, paired_t_p
from sparsebench.statistics.results import AllPairs, Cell, Comparison, Contrast, MacroAverage, Settings
from sparsebench.statistics.samples import paired_samples
from sparsebench.statistics.sign_flips import sign_flip_p, step_down_p
from sparsebench.statistics.trend import blocks_needed, detectable_rise, page_p, residual_deviation

__all__ = [
    "ALPHA",
    "AllPairs",
    "Cell",
    "Comparison",
    "Contrast",
    "Interaction",
    "Interval",
    "MacroAverage",
    "Settings",
    "blocks_needed",
    "compare",
    "detectable_rise",
    "difference_of_differences",
    "effect_size",
    "equivalence_p",
    "holm",
    "kendall_tau",
    "macro_interval",
    "mean_interval",
    "minimal_detectable_difference",
    "page_p",
    "paired_samples",
    "paired_t_p",
    "residual_deviation",
    "shared_ranks",
    "sign_flip_p",
    "step_down_p",
]
