"""`hubness`: whether some documents are in many top lists and others in none (METHODS 3.5; Radovanović et al. 2010)."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from itertools import chain, islice
from typing import Annotated

import numpy as np
from annotated_types import Ge

from sparsebench import Analysis, CellAnalyzer, CellContext, NotApplicable, Run


@dataclass(frozen=True, kw_only=True)
class Hubness(CellAnalyzer):
    """N_k(j): how many queries have document j among their k best. Documents that none has count with 0.

    Values: `k`; `skewness` of N_k (None where all documents are alike), `robin_hood`: the share of all places
    that would have to move for all documents to have the same number, 0 to 1; `antihub_share`: the share of documents
    with N_k = 0; `max`: the largest N_k. For a run without a hit the first two are None.
    """

    k: Annotated[int, Ge(1)] = 10
    """How deep."""

    def analyze(self, context: CellContext) -> Analysis:
        """Measure hubness. Raises NotApplicable for a run that is shorter than k."""
        if context.depth < self.k:
            raise NotApplicable(f"the run is {context.depth} deep, and N_{self.k} needs the {self.k} best")
        counts = occurrences(context.run, self.k, context.documents)
        return Analysis(
            {
                "k": self.k,
                "skewness": skewness(counts),
                "robin_hood": robin_hood(counts),
                "antihub_share": float((counts == 0).mean()),
                "max": int(counts.max()),
            }
        )


def occurrences(run: Run, k: int, documents: int) -> np.ndarray:
    """N_k of each of `documents` documents, (D,) int64, in no order: those in the run come first."""
    found = Counter(chain.from_iterable(islice(hits, k) for hits in run.values()))
    counts = np.zeros(documents, dtype=np.int64)
    counts[: len(found)] = list(found.values())
    return counts


def skewness(counts: np.ndarray) -> float | None:
    """The third standardised moment, of the population; None where there is no spread."""
    deviations = counts - counts.mean()
    variance = (deviations**2).mean()
    return float((deviations**3).mean() / variance**1.5) if variance > 0 else None


def robin_hood(counts: np.ndarray) -> float | None:
    """Half the sum of the absolute deviations from the mean, over the sum; None where that is 0."""
    total = counts.sum()
    return float(np.abs(counts - counts.mean()).sum() / (2 * total)) if total else None
