"""Measures that ir_measures lacks, one entry each: to add one, add it to `OWN`.

`MnR` and `MdR`, from text-video retrieval, are the mean and the median rank of the first relevant document. With `RR`
without a cutoff they are of all ranks, so that the depth of a run is none of theirs.
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

    values: an untied run, judgments, how long the run's lists could have been (None: the longest of them), and the rank
    of the first relevant document where it was counted beyond them -> value of each judged query. aggregate: these
    values -> the one of all queries.
    """

    values: Callable[[Run, Qrels, int | None, Mapping[str, int] | None], Mapping[str, float]]
    aggregate: Callable[[Iterable[float]], float]
    better_when_larger: bool = True

    @property
    def is_mean(self) -> bool:
        """True if it is the mean over queries, which statistics need."""
        return self.aggregate is fmean


def first_ranks(run: Run, qrels: Qrels, depth: int | None, counted: Mapping[str, int] | None) -> dict[str, float]:
    """Rank, from 1, of the first hit of each query with a grade above 0, as counted on all scores.

    Where it was not counted, by the run: depth + 1 where it is not there, which is the least that it can be. Raises
    ScoreError without a depth: a system that finds nothing at all would have everything at rank 1.
    """
    if counted is not None:
        return {query_id: float(counted[query_id]) for query_id in qrels}
    depth = depth or max(map(len, run.values()), default=0)
    if not depth:
        raise ScoreError("MnR and MdR of a run without any result need its depth")
    first = {}
    for query_id, judged in qrels.items():
        hits = enumerate(run.get(query_id, {}), start=1)
        first[query_id] = float(next((rank for rank, doc_id in hits if judged.get(doc_id, 0) > 0), depth + 1))
    return first


def reciprocal_ranks(run: Run, qrels: Qrels, depth: int | None, counted: Mapping[str, int] | None) -> dict[str, float]:
    """Compute 1 / the rank of the first hit with a grade above 0, as counted on all scores.

    By the run where it was not counted, 0 where it is not there.
    """
    if counted is not None:
        return {query_id: 1 / counted[query_id] for query_id in qrels}
    ranks = first_ranks(run, qrels, 2**31, None)
    return {query_id: 1 / rank if rank <= 2**31 else 0.0 for query_id, rank in ranks.items()}


OWN: Mapping[str, OwnMeasure] = {
    "MnR": OwnMeasure(first_ranks, fmean, better_when_larger=False),
    "MdR": OwnMeasure(first_ranks, median, better_when_larger=False),
    "RR": OwnMeasure(reciprocal_ranks, fmean),
}

OF_ALL_RANKS = frozenset(OWN)
"""Measures of the rank of the first relevant document, however far down that is."""
