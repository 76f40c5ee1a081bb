"""Compute measures (nDCG@10, RR@10, …) from a run and judgments, one value a query."""

from sparsebench.measures.fast import FastMeasure, fast_measure
from sparsebench.measures.measuring import (
    aggregate,
    better_when_larger,
    canonical,
    check_measure_name,
    deepest_cutoff,
    is_mean,
    measure,
    measure_each,
    refused_grades,
)

__all__ = [
    "FastMeasure",
    "aggregate",
    "better_when_larger",
    "canonical",
    "check_measure_name",
    "deepest_cutoff",
    "fast_measure",
    "is_mean",
    "measure",
    "measure_each",
    "refused_grades",
]
