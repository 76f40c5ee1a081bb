"""The work of a suite's tasks; imported where they are done, not where they are handed out."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import replace
from functools import lru_cache

from sparsebench.contracts.calls import calling
from sparsebench.errors import FAILURES
from sparsebench.evaluate.group import Evaluation
from sparsebench.execution.request import Planned, Request
from sparsebench.execution.tally import Cells, Finished, Measured
from sparsebench.planning import Group, PlannedCell
from sparsebench.planning.overview import made_anew
from sparsebench.planning.session import Session, open_session
from sparsebench.planning.shards import document_shards_of
from sparsebench.provenance import Stopwatch
from sparsebench.records import ANALYSIS_FILE, Damage, SuiteFolder, find_record, is_finished
from sparsebench.runner import Runner
from sparsebench.store.counting import CountingStore, Used


def plan_suite(request: Request) -> Planned:
    """Plan it anew: the suite or its plugins may have changed since."""
    _session.cache_clear()
    session = _session(request)
    found = {cell.key: _measured(session, group, cell) for group, cell in session.plan.cells}
    before = {key: measured for key, measured in found.items() if measured is not None}
    for line in made_anew(session, before):
        session.progress.say(line)
    _runner(session).begin(session.plan)
    missing = tuple(_missing(group, session) for group in session.plan.groups)
    return Planned(session.suite.name, session.folder, missing, before)


def encode_shards(request: Request, group: int, rows: Sequence[range]) -> Used:
    """Encode what is missing of them. A model that fails here fails again where its cells are evaluated."""
    session = _session(request)
    session.check_devices()
    planned = session.plan.groups[group]
    name, keys = f"shards of {planned.name}", [cell.key for cell in planned.cells]
    with suppress(*FAILURES), calling(name, "shards", *keys, *map(str, rows), limited=False):
        evaluation = Evaluation(planned, session.store, session.progress, Stopwatch())
        evaluation.form.make_shards(rows)
    return _taken(session)


def evaluate_group(request: Request, group: int) -> Used:
    """Compute what is missing of it; a group that lacks nothing needs neither torch nor a device."""
    session = _session(request)
    if _lacks_something(session.plan.groups[group], SuiteFolder(session.folder)):
        session.check_devices()
    _runner(session).evaluate(session.plan, group)
    return _taken(session)


def finish_suite(request: Request, before: Mapping[str, Measured]) -> Finished:
    """Write what the suite's own analyzers find, and the leaderboard; count the cells."""
    session = _session(request)
    report = _runner(session).finish(session.plan, {})
    after = {cell.key: _measured(session, group, cell) for group, cell in session.plan.cells}
    return Finished(Cells.counted(before, after), report.comparison)


@lru_cache(maxsize=1)
def _session(request: Request) -> Session:
    """A process plans a suite once and keeps the plan for the next task."""
    session = open_session(**vars(request))
    return replace(session, store=CountingStore(session.store.root))


def _taken(session: Session) -> Used:
    assert isinstance(session.store, CountingStore), "`_session` gives it"
    return session.store.taken()


def _measured(session: Session, group: Group, cell: PlannedCell) -> Measured | None:
    """Return the measures of a cell and the code that took them; None where it is not finished."""
    try:
        found = find_record(SuiteFolder(session.folder), cell.key, first_ranks=group.counts_first_ranks)
    except Damage:
        return None
    return (tuple(found.measures), found.provenance.measured_by) if found else None


def _runner(session: Session) -> Runner:
    return Runner(session.store, session.runs, session.progress)


def _missing(group: Group, session: Session) -> tuple[range, ...]:
    shards = document_shards_of(group)
    if shards is None or not _lacks_something(group, SuiteFolder(session.folder)):
        return ()
    return tuple(rows for rows, key in shards.keys.items() if not session.store.holds(shards.kind, key))


def _lacks_something(group: Group, folder: SuiteFolder) -> bool:
    analyses = [planned.key for planned in group.analyses if planned.level == "group"]
    computed = all(is_finished(folder, cell.key) for cell in group.cells)
    return not (computed and all((folder.analysis(key) / ANALYSIS_FILE).is_file() for key in analyses))
