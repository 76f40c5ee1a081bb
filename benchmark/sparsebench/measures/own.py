"""Measures that ir_measures lacks, one entry each: to add one, add it to `OWN`.

`MnR` and `MdR`, from text-video retrieval, are the mean and the median rank of the first relevant document.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from statistics import fmean, median

from sparsebench.errors import ScoreError
from sparsebench.types import Qrels, Run


@dataclass(frozen=True)
class OwnMeasure:
    """A measure by its own code.

    values: an untied run, judgments, and how long the run's lists could have been (None: the longest of them) -> value
    of each judged query. aggregate: these values -> the one of all queries.
    """

    values: Callable[[Run, Qrels, int | None], Mapping[str, float]]
    aggregate: Callable[[Iterable[float]], float]
    better_when_larger: bool = True

    @property
    def is_mean(self) -> bool:
        """Whether it is the mean over queries, which statistics need."""
        return self.aggregate is fmean


def first_ranks(run: Run, qrels: Qrels, depth: int | None) -> dict[str, float]:
    """Rank, from 1, of the first hit of each query with a grade above 0; depth + 1 where there is none.

    Raises ScoreError without a depth: a system that finds nothing at all would have everything at rank 1.
    """
    depth = depth or max(map(len, run.values()), default=0)
    if not depth:
        raise ScoreError("MnR and MdR of a run without any result need its depth")
    first = {}
    for query_id, judged in qrels.items():
        hits = enumerate(run.get(query_id, {}), start=1)
        first[query_id] = float(next((rank for rank, doc_id in hits if judged.get(doc_id, 0) > 0), depth + 1))
    return first


OWN: Mapping[str, OwnMeasure] = {
    "MnR": OwnMeasure(first_ranks, fmean, better_when_larger=False),
    "MdR": OwnMeasure(first_ranks, median, better_when_larger=False),
}
