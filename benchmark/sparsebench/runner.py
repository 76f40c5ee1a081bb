"""The pipeline, spelled once: plan -> groups -> cells -> records -> leaderboard. Read this file first."""

from __future__ import annotations

import warnings
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from sparsebench.contracts import SuiteContext
from sparsebench.contracts.calls import ProcessDied, calling
from sparsebench.errors import StoreError
from sparsebench.evaluate.analysis import analyze_group, analyze_suite
from sparsebench.evaluate.group import Evaluation
from sparsebench.evaluate.recorder import Recorder
from sparsebench.leaderboard import Board, Report
from sparsebench.leaderboard.board import board_of
from sparsebench.planning import Plan
from sparsebench.progress import Progress
from sparsebench.provenance import Stopwatch
from sparsebench.records import PAGE, Damage, Index, Record, SuiteFolder, read_record, write_record
from sparsebench.records.evidence import RunsEvidence
from sparsebench.records.noise import Noise, read_noise
from sparsebench.records.topics import Tested, keep_tested
from sparsebench.store import Store, leftovers
from sparsebench.types import Json


@dataclass(frozen=True)
class Runner:
    """Runs plans: vectors go to the store, records to `<runs>/<suite>/`."""

    store: Store
    runs: Path
    progress: Progress

    def run(self, plan: Plan) -> Board:
        """Compute what is missing and return the board. A cell that fails becomes a failed record; the rest goes on."""
        return self.report(plan).board

    def report(self, plan: Plan) -> Report:
        """Run a plan like `run` and return the report, with what lies beside the records; the pages are written."""
        self.begin(plan)
        records: dict[str, Record] = {}
        for number in range(len(plan.groups)):
            records |= self.evaluate(plan, number)
        return self.finish(plan, records)

    def begin(self, plan: Plan) -> None:
        """Write down what the suite asks for, so that a run that is killed can be reported as far as it came."""
        folder = self._folder(plan)
        self.store.sweep_dead()
        leftovers.sweep(folder.path, levels=3)
        _index(plan).with_analyses_of(_earlier(folder)).write(folder.path)

    def evaluate(self, plan: Plan, number: int) -> dict[str, Record]:
        """Write the records of a group, counted from 0. Key -> record, of its cells.

        Where the process died before and no plugin was at work, the cells that have no record fail for it.
        """
        group, folder, watch = plan.groups[number], self._folder(plan), Stopwatch()
        self.progress.say(f"[{number + 1}/{len(plan.groups)}] {group.name}")
        evaluation = Evaluation(group, self.store, self.progress, watch)
        recorder = Recorder(evaluation, folder, watch)
        keep_tested(folder, group.content_digests, _tested(evaluation))
        try:
            with calling(group.name, "group", *(cell.key for cell in group.cells), limited=False):
                return self._evaluated(recorder)
        except ProcessDied as died:
            records = {cell.key: recorder.given_up(cell, str(died)) for cell in group.cells}
            for key, record in records.items():
                write_record(folder.record(key), record)
            return records

    def _evaluated(self, recorder: Recorder) -> dict[str, Record]:
        evaluation, folder, records = recorder.evaluation, recorder.folder, {}
        with self.progress.step("cells", len(evaluation.group.cells), "cells") as advance:
            analysis = analyze_group(evaluation, folder, recorder.watch)
            for cell in evaluation.group.cells:
                records[cell.key] = recorder.record(cell, analysis)
                write_record(folder.record(cell.key), records[cell.key])
                advance(1)
        return records

    def finish(self, plan: Plan, records: Mapping[str, Record]) -> Report:
        """Let the suite's own analyzers read all records, and write the pages. records: those at hand, by key."""
        folder = self._folder(plan)
        known = {**records, **_left_out(plan, records, folder)}
        ordered = [known[key] for key in plan.keys if key in known]
        index = _index(plan)
        index = index.model_copy(update={"analyses": _analyses(plan, index, ordered, folder)})
        index.write(folder.path)
        report = Report(board_of(index, ordered, _noise(folder)), RunsEvidence([folder.path]))
        report.write(folder.path, PAGE)
        return report

    def _folder(self, plan: Plan) -> SuiteFolder:
        return SuiteFolder(self.runs / plan.suite.name)


def _tested(evaluation: Evaluation) -> Tested:
    topics = evaluation.collection.test
    return Tested({query.query_id: query.text for query in topics.queries}, topics.qrels)


def _index(plan: Plan) -> Index:
    suite = plan.suite
    return Index(
        suite=suite.name,
        description=suite.description,
        cells=plan.keys,
        baseline=(suite.baseline.model, suite.baseline.postprocessor),
        shown=dict(plan.shown),
        command=plan.command,
    )


def _earlier(folder: SuiteFolder) -> Index | None:
    """The index of an earlier run."""
    try:
        return Index.read(folder.path)
    except Damage as damage:
        damage.warn()
    except StoreError:
        pass  # there is none
    return None


def _left_out(plan: Plan, records: Mapping[str, Record], folder: SuiteFolder) -> dict[str, Record]:
    """Records of cells that this run was not asked for, as far as they are there and whole."""
    found = {}
    for key in plan.keys:
        if key not in records and folder.record(key).is_file():
            try:
                found[key] = read_record(folder.record(key), remedy=folder.remedy)
            except Damage as damage:
                warnings.warn(str(damage), stacklevel=2)
    return found


def _noise(folder: SuiteFolder) -> Noise | None:
    try:
        return read_noise([folder.path])
    except Damage as damage:
        warnings.warn(str(damage), stacklevel=2)
        return None


def _analyses(plan: Plan, index: Index, records: Sequence[Record], folder: SuiteFolder) -> dict[str, Json]:
    """Run the suite's own analyzers on all cells that have figures."""
    evidence = RunsEvidence([folder.path])
    done = [record for record in records if record.status == "ok"]
    context = SuiteContext(done, lambda record: evidence.per_query(record) or {}, index.baseline)
    return analyze_suite(plan.analyses, context, folder)
