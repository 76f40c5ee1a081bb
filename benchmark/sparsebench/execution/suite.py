"""A suite done by an executor: plan it, encode what is worth splitting, evaluate its groups, finish."""

from __future__ import annotations

from dataclasses import replace

from sparsebench.execution.request import Planned, Request
from sparsebench.execution.tally import Tally
from sparsebench.execution.task import Executor
from sparsebench.execution.tasks import EncodeShards, EvaluateGroup, FinishSuite, PlanSuite
from sparsebench.store.counting import Used


def run_suite(request: Request, executor: Executor) -> Planned:
    """Compute what is missing of a suite and write its leaderboard; records, board and page lie in `Planned.folder`.

    What a single worker does group by group, several do with the documents of each group split among them. Raises
    SparsebenchError for a suite that is mistaken.
    """
    (planned,) = executor.map([PlanSuite(request)])
    used: list[Used] = []
    for group, missing in enumerate(planned.missing):
        if executor.workers > 1:
            shares = [missing[first :: executor.workers] for first in range(executor.workers)]
            used += executor.map([EncodeShards(request, group, rows) for rows in shares if rows])
        used += executor.map([EvaluateGroup(request, group)])
    (finished,) = executor.map([FinishSuite(request, planned.before)])
    texts = Used.together(used)
    done = Tally(finished.cells, texts.encoded, texts.reused)
    return replace(planned, done=done, comparison=finished.comparison)
