"""The pipeline, spelled once: plan -> groups -> cells -> records -> leaderboard. Read this file first."""

from __future__ import annotations

import traceback
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path

from benchmark.analysis import analyze_group
from benchmark.cell import CellResult, evaluate
from benchmark.errors import SparsebenchError
from benchmark.group import Evaluation
from benchmark.leaderboard import render_markdown
from benchmark.leaderboard.board import Board, Index, cell_folder, read_board
from benchmark.measure import aggregate, measure
from benchmark.plan import Group, Plan, PlannedCell, finished
from benchmark.progress import Progress
from benchmark.provenance import Stopwatch, hardware, peak_memory_mib, software
from benchmark.rank import read_trec, write_trec
from benchmark.record import PER_QUERY_FILE, RUN_FILE, Record, per_query_csv, write_record
from benchmark.store import Store, disk_errors, write_atomically
from benchmark.types import Json


@dataclass(frozen=True)
class Runner:
    """Runs plans: artefacts go to the store, records to `<runs>/<suite>/`."""

    store: Store
    runs: Path
    progress: Progress

    def run(self, plan: Plan) -> Board:
        """Compute what is missing and return the board. A cell that fails becomes a failed record; the rest goes on."""
        folder = self.runs / plan.suite.name
        Index(plan.suite.name, plan.suite.description, plan.keys).write(folder)
        for number, group in enumerate(plan.groups, start=1):
            names = f"{group.model.spec.label} on {group.collection.spec.label}"
            self.progress.say(f"[{number}/{len(plan.groups)}] {names}")
            self._run_group(group, folder)
        board = read_board(folder)
        write_atomically(folder / "leaderboard.md", render_markdown(board))
        return board

    def _run_group(self, group: Group, folder: Path) -> None:
        watch = Stopwatch()
        evaluation = Evaluation(group, self.store, self.progress, watch)
        cells = _Cells(evaluation, folder, watch)
        with self.progress.step("cells", len(group.cells), "cells") as advance:
            analysis = analyze_group(evaluation, folder, watch)
            for cell in group.cells:
                write_record(cell_folder(folder, cell.key), cells.record(cell, analysis))
                advance(1)


@dataclass(frozen=True)
class _Cells:
    """The cells of one group."""

    evaluation: Evaluation
    folder: Path
    watch: Stopwatch

    def record(self, cell: PlannedCell, analysis: Mapping[str, Json]) -> Record:
        """The record of a cell, computed or brought up to date."""
        try:
            done = finished(self.folder, cell) or self._compute(cell)
            return self._measured(done, cell, analysis)
        except SparsebenchError as error:
            return self._failed(cell, str(error))
        except Exception as error:  # one broken plugin must not cost the cells of all others
            return self._failed(cell, f"{type(error).__name__}: {error}", traceback.format_exc())

    def _compute(self, cell: PlannedCell) -> Record:
        """Rank, and write the run down; the measures are always taken from the file."""
        group, watch = self.evaluation.group, Stopwatch()
        result = evaluate(self.evaluation, cell, watch)
        path = cell_folder(self.folder, cell.key) / RUN_FILE
        with disk_errors(path.parent):
            path.parent.mkdir(parents=True, exist_ok=True)
            write_trec(path, result.run, tag=f"{group.model.spec.label}+{cell.spec.label}".replace(" ", "_"))
        return Record(
            key=cell.key,
            status="ok",
            cell=group.describe(cell),
            sees=cell.registered.plugin.factory.sees,
            tuning=result.tuning,
            provenance=self._provenance(cell, result),
            costs=self._costs(watch),
        )

    def _measured(self, record: Record, cell: PlannedCell, analysis: Mapping[str, Json]) -> Record:
        """Measures are recomputed from the run whenever a suite asks for others; nothing else is."""
        names = self.evaluation.group.measures
        folder = cell_folder(self.folder, cell.key)
        described = self.evaluation.group.describe(cell)
        if tuple(record.measures) == tuple(names) and record.cell == described:
            return record.model_copy(update={"analysis": dict(analysis)})
        qrels, depth = self.evaluation.collection.test.qrels, self.evaluation.group.depth
        per_query = measure(read_trec(folder / RUN_FILE), qrels, names, depth=depth)
        write_atomically(folder / PER_QUERY_FILE, per_query_csv(per_query))
        update = {
            "cell": described,
            "measures": aggregate(per_query),
            "queries": PER_QUERY_FILE,
            "analysis": dict(analysis),
        }
        return record.model_copy(update=update)

    def _failed(self, cell: PlannedCell, error: str, trace: str | None = None) -> Record:
        provenance = {"software": software(), **({"traceback": trace} if trace else {})}
        return Record(
            key=cell.key,
            status="failed",
            cell=self.evaluation.group.describe(cell),
            sees=cell.registered.plugin.factory.sees,
            error=error,
            provenance=provenance,
        )

    def _provenance(self, cell: PlannedCell, result: CellResult) -> dict[str, Json]:
        group, collection = self.evaluation.group, self.evaluation.collection
        return {
            "software": software(),
            "plugins": {
                "model": asdict(group.model.registered.provider),
                "postprocessor": asdict(cell.registered.provider),
            },
            "model": {**self.evaluation.facts(), "identity": group.identities["document"]["model"]},
            "collection": {
                "documents": len(collection.corpus.doc_ids),
                "queries": len(collection.test.queries),
                "digests": collection.digests,
                "counts": {**collection.counts, **self.evaluation.notes},
            },
            "postprocessing": dict(result.facts),
            "device": group.device,
            "dtype": "float32",
        }

    def _costs(self, watch: Stopwatch) -> dict[str, Json]:
        """Seconds of the group's shared stages and of this cell's own; a cached stage keeps what it once cost."""
        seconds = {**self.watch.seconds, **watch.seconds}
        return {
            "seconds": {stage: round(value, 3) for stage, value in seconds.items()},
            "peak_memory_mib": peak_memory_mib(),
            "hardware": hardware(self.evaluation.group.device),
        }
