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
from sparsebench.planning import Group, Plan
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
        suite, baseline = plan.suite, plan.suite.baseline
        folder = self.runs / suite.name
        index = Index(
            suite=suite.name,
            description=suite.description,
            cells=plan.keys,
            baseline=(baseline.model, baseline.postprocessor),
            shown=dict(plan.shown),
        )
        index.write(folder)
        for number, group in enumerate(plan.groups, start=1):
            names = f"{group.model.spec.label} on {group.collection.spec.label}"
            self.progress.say(f"[{number}/{len(plan.groups)}] {names}")
            self._run_group(group, folder)
        board = self._analyzed(plan, index, folder)
        read_report(folder).write(folder, "leaderboard")
        return board

    def _run_group(self, group: Group, folder: Path) -> None:
        watch = Stopwatch()
        evaluation = Evaluation(group, self.store, self.progress, watch)
        recorder = Recorder(evaluation, folder, watch)
        with self.progress.step("cells", len(group.cells), "cells") as advance:
            analysis = analyze_group(evaluation, folder, watch)
            for cell in group.cells:
                write_record(cell_folder(folder, cell.key), recorder.record(cell, analysis))
                advance(1)

    def _analyzed(self, plan: Plan, index: Index, folder: Path) -> Board:
        """The board, with what the suite's own analyzers say of it."""

        def per_query(record: Record) -> PerQuery:
            return read_per_query((cell_folder(folder, record.key) / PER_QUERY_FILE).read_text(encoding="utf-8"))

        done = [record for record in read_board(folder).records if record.status == "ok"]
        context = SuiteContext(done, per_query, index.baseline)
        found = analyze_suite(plan.analyses, context, folder)
        index.model_copy(update={"analyses": found}).write(folder)
        return read_board(folder)
