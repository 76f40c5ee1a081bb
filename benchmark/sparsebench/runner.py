"""The pipeline, spelled once: plan -> groups -> cells -> records -> leaderboard. Read this file first."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from sparsebench.contracts import SuiteContext
from sparsebench.evaluate.analysis import analyze_group, analyze_suite
from sparsebench.evaluate.group import Evaluation
from sparsebench.evaluate.recorder import Recorder
from sparsebench.leaderboard import read_report
from sparsebench.leaderboard.board import Board, read_board
from sparsebench.planning import Plan
from sparsebench.progress import Progress
from sparsebench.provenance import Stopwatch
from sparsebench.records import PER_QUERY_FILE, Index, Record, cell_folder, read_per_query, write_record
from sparsebench.store import Store
from sparsebench.types import PerQuery


@dataclass(frozen=True)
class Runner:
    """Runs plans: vectors go to the store, records to `<runs>/<suite>/`."""

    store: Store
    runs: Path
    progress: Progress

    def run(self, plan: Plan) -> Board:
        """Compute what is missing and return the board. A cell that fails becomes a failed record; the rest goes on."""
        self.begin(plan)
        for number in range(len(plan.groups)):
            self.evaluate(plan, number)
        return self.finish(plan)

    def begin(self, plan: Plan) -> None:
        """Write down what the suite asks for."""
        self._index(plan).write(self._folder(plan))

    def evaluate(self, plan: Plan, number: int) -> None:
        """Write the records of a group of cells, counted from 0."""
        group, folder, watch = plan.groups[number], self._folder(plan), Stopwatch()
        self.progress.say(f"[{number + 1}/{len(plan.groups)}] {group.name}")
        evaluation = Evaluation(group, self.store, self.progress, watch)
        recorder = Recorder(evaluation, folder, watch)
        with self.progress.step("cells", len(group.cells), "cells") as advance:
            analysis = analyze_group(evaluation, folder, watch)
            for cell in group.cells:
                write_record(cell_folder(folder, cell.key), recorder.record(cell, analysis))
                advance(1)

    def finish(self, plan: Plan) -> Board:
        """Let the suite's own analyzers read all records, and write the leaderboard."""
        index, folder = self._index(plan), self._folder(plan)

        def per_query(record: Record) -> PerQuery:
            return read_per_query((cell_folder(folder, record.key) / PER_QUERY_FILE).read_text(encoding="utf-8"))

        done = [record for record in read_board(folder).records if record.status == "ok"]
        found = analyze_suite(plan.analyses, SuiteContext(done, per_query, index.baseline), folder)
        index.model_copy(update={"analyses": found}).write(folder)
        read_report(folder).write(folder, "leaderboard")
        return read_board(folder)

    def _folder(self, plan: Plan) -> Path:
        return self.runs / plan.suite.name

    def _index(self, plan: Plan) -> Index:
        suite = plan.suite
        return Index(
            suite=suite.name,
            description=suite.description,
            cells=plan.keys,
            baseline=(suite.baseline.model, suite.baseline.postprocessor),
            shown=dict(plan.shown),
        )
