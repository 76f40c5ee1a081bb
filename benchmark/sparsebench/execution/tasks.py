"""The work of a suite in pieces that any process can do which sees the same files: plan, encode, evaluate, finish.

Each names the suite by the request that opens it. Who hands tasks out imports this module alone, and stays light.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from sparsebench.execution.request import Planned, Request
from sparsebench.execution.tally import Finished, Measured
from sparsebench.store.counting import Used


@dataclass(frozen=True)
class PlanSuite:
    """Plan the suite anew and write down what it asks for. Raises SparsebenchError for all that is wrong with it."""

    request: Request

    def run(self) -> Planned:
        """The plan in short."""
        from sparsebench.execution.work import plan_suite

        return plan_suite(self.request)


@dataclass(frozen=True)
class EncodeShards:
    """Have some shards of a group's documents in the store. group: counted from 0."""

    request: Request
    group: int
    rows: tuple[range, ...]

    def run(self) -> Used:
        """Encode what is missing of them; return what that was."""
        from sparsebench.execution.work import encode_shards

        return encode_shards(self.request, self.group, self.rows)


@dataclass(frozen=True)
class EvaluateGroup:
    """Write the records of one group: a model on a collection, with all its postprocessors."""

    request: Request
    group: int

    def run(self) -> Used:
        """Compute what is missing of it; return whose vectors that took."""
        from sparsebench.execution.work import evaluate_group

        return evaluate_group(self.request, self.group)


@dataclass(frozen=True)
class FinishSuite:
    """Let the suite's own analyzers read its records, and write the leaderboard. before: as in Planned."""

    request: Request
    before: Mapping[str, Measured]

    def run(self) -> Finished:
        """Write it; count what became of the cells, and compare the rows."""
        from sparsebench.execution.work import finish_suite

        return finish_suite(self.request, self.before)
