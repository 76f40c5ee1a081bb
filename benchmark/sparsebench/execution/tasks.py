"""The work of a suite in pieces that any process can do which sees the same files: plan, encode, evaluate, finish.

Each names the suite by the request that opened it; a process plans it once and keeps the plan for the next task.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

from sparsebench.evaluate.analysis import is_kept
from sparsebench.evaluate.group import Evaluation
from sparsebench.planning import Group
from sparsebench.planning.plan import finished
from sparsebench.planning.session import Request, Session
from sparsebench.planning.shards import document_shards_of
from sparsebench.provenance import Stopwatch
from sparsebench.runner import Runner


@dataclass(frozen=True)
class Planned:
    """A plan, as far as whoever hands out its tasks has to know it.

    name: of the suite. folder: of its records. missing: of each group, the shards of documents that have no vectors.
    """

    name: str
    folder: Path
    missing: tuple[tuple[range, ...], ...]


@dataclass(frozen=True)
class PlanSuite:
    """Plan the suite anew and write down what it asks for. Raises SparsebenchError for all that is wrong with it."""

    request: Request

    def run(self) -> Planned:
        """The plan in short."""
        _session.cache_clear()  # the suite or its plugins may have changed since
        session = _session(self.request)
        _runner(session).begin(session.plan)
        missing = tuple(_missing(group, session) for group in session.plan.groups)
        return Planned(session.suite.name, session.folder, missing)


@dataclass(frozen=True)
class EncodeShards:
    """Have some shards of a group's documents in the store."""

    request: Request
    group: int
    rows: tuple[range, ...]

    def run(self) -> None:
        """Encode what is missing of them."""
        session = _session(self.request)
        session.check_devices()
        group = session.plan.groups[self.group]
        Evaluation(group, session.store, session.progress, Stopwatch()).vectors.make_shards(self.rows)


@dataclass(frozen=True)
class EvaluateGroup:
    """Write the records of one group: a model on a collection, with all its postprocessors."""

    request: Request
    group: int

    def run(self) -> None:
        """Compute what is missing of it; a group that lacks nothing needs neither torch nor a device."""
        session = _session(self.request)
        if _lacks_something(session.plan.groups[self.group], session.folder):
            session.check_devices()
        _runner(session).evaluate(session.plan, self.group)


@dataclass(frozen=True)
class FinishSuite:
    """Let the suite's own analyzers read its records, and write the leaderboard."""

    request: Request

    def run(self) -> None:
        """Write it."""
        session = _session(self.request)
        _runner(session).finish(session.plan)


@lru_cache(maxsize=1)
def _session(request: Request) -> Session:
    return request.open()


def _runner(session: Session) -> Runner:
    return Runner(session.store, session.runs, session.progress)


def _missing(group: Group, session: Session) -> tuple[range, ...]:
    shards = document_shards_of(group)
    if shards is None or all(finished(session.folder, cell) for cell in group.cells):
        return ()
    return tuple(rows for rows, key in shards.keys.items() if not session.store.holds(shards.kind, key))


def _lacks_something(group: Group, folder: Path) -> bool:
    analyses = [planned.key for planned in group.analyses if planned.level == "group"]
    done = all(finished(folder, cell) for cell in group.cells) and all(is_kept(folder, key) for key in analyses)
    return not done
