"""The formulas of METHODS 2.1 and of W-AUC* (2.2), as pure functions of arrays."""

from __future__ import annotations

import numpy as np

CURVE_BINS = 1000
"""C of METHODS 2.1."""


def term_frequency(counts: np.ndarray, lengths: np.ndarray) -> np.ndarray:
    """`tf = count / ln(1 + |d| + 1e-10)`: counts of a term in documents of `lengths` tokens; 0 in an empty one."""
    frequency: np.ndarray = counts / np.log(1 + lengths + 1e-10)
    return frequency


def decay(ranks: np.ndarray) -> np.ndarray:
    """`1 / ln(2 + i)`: the weight of the document at rank i, counted from 0."""
    weight: np.ndarray = 1 / np.log(2 + ranks)
    return weight


def inverse_document_frequency(df: np.ndarray, documents: int) -> np.ndarray:
    """`ln((N + 1) / (df + 1)) + 1`, from 1 (a term of every document) up."""
    idf: np.ndarray = np.log((documents + 1) / (df + 1)) + 1
    return idf


def wackiness(utilities: np.ndarray, normaliser: float) -> np.ndarray:
    """`W = 1 - u / normaliser`, clipped to [0, 1]; where the normaliser is 0, its limit: 1 for u = 0, else 0."""
    if normaliser == 0:
        return np.where(utilities > 0, 0.0, 1.0)
    return 1 - np.clip(utilities / normaliser, 0, 1)


def curve(wackiness: np.ndarray, bins: int) -> np.ndarray:
    """Return the wackiness curve: means of the values, sorted descending, in bins with edges `floor(j n / bins)`.

    Bins that no value falls into are dropped, so the curve of n values has min(n, bins) points.
    """
    n = wackiness.size
    edges = np.unique(np.arange(bins + 1) * n // bins)
    descending = -np.sort(-wackiness)
    return np.add.reduceat(descending, edges[:-1]) / np.diff(edges)


def paper_area(wackiness: np.ndarray) -> float:
    """W-AUC of METHODS 2.1: the area under the curve over x = 1, 2, …, divided by 1000 however short the curve is."""
    return float(np.trapezoid(curve(wackiness, CURVE_BINS)) / CURVE_BINS)


def robust_area(wackiness: np.ndarray) -> float:
    """W-AUC*: the area under a curve of C' = min(1000, n >= 2) bins, divided by C' - 1; 1 for a constant 1."""
    bins = min(CURVE_BINS, wackiness.size)
    return float(np.trapezoid(curve(wackiness, bins)) / (bins - 1))
