"""Runs and judgments in, values out."""

from sparsebench.measures.fast import FastMeasure, fast_measure
from sparsebench.measures.measuring import (
    aggregate,
    better_when_larger,
    canonical,
    check_measure_name,
    deepest_cutoff,
    measure,
)

__all__ = [
    "FastMeasure",
    "aggregate",
    "better_when_larger",
    "canonical",
    "check_measure_name",
    "deepest_cutoff",
    "fast_measure",
    "measure",
]
