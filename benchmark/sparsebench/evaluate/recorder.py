"""The record of each cell: computed, measured from the run on disk, brought up to date, or failed with its reason."""

from __future__ import annotations

import traceback
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path

from sparsebench.contracts import CellContext
from sparsebench.device import lost
from sparsebench.errors import FAILURES, ScoreError, SparsebenchError, reason
from sparsebench.evaluate.analysis import analyze_cell
from sparsebench.evaluate.cell import CellResult, evaluate
from sparsebench.evaluate.group import Evaluation
from sparsebench.measures import aggregate, measure
from sparsebench.planning import Group, PlannedCell, finished
from sparsebench.planning.keys import measuring_version
from sparsebench.provenance import Stopwatch, hardware, software
from sparsebench.rank import read_trec, untied, write_trec
from sparsebench.records import PER_QUERY_FILE, RUN_FILE, Record, cell_folder, per_query_csv
from sparsebench.store import write_atomically
from sparsebench.types import Json

TOUCHED = "while this cell was computed, something wrote to scores that other cells read too"


@dataclass(frozen=True)
class Recorder:
    """Makes the records of one group's cells. folder: of the suite. watch: seconds of what the cells share."""

    evaluation: Evaluation
    folder: Path
    watch: Stopwatch

    def record(self, cell: PlannedCell, analysis: Mapping[str, Json]) -> Record:
        """The record of a cell, computed or brought up to date."""
        record = self._attempt(cell, analysis)
        if self.evaluation.forget_touched() and record.status == "ok":
            return self._failed(cell, f"{TOUCHED}; the next cell computes them again")
        return record

    def _attempt(self, cell: PlannedCell, analysis: Mapping[str, Json]) -> Record:
        try:
            done = finished(self.folder, cell) or self._compute(cell)
            try:
                return self._up_to_date(done, cell, analysis)
            except ScoreError:  # the run on disk cannot be read any more
                return self._up_to_date(self._compute(cell), cell, analysis)
        except SparsebenchError as error:
            return self._failed(cell, str(error))
        except FAILURES as error:  # one broken plugin must not cost the cells of all others
            return self._failed(cell, lost(error) or reason(error), traceback.format_exc())

    def _compute(self, cell: PlannedCell) -> Record:
        """Rank, and write the run down; the measures are always taken from the file."""
        group, watch = self.evaluation.group, Stopwatch()
        result = evaluate(self.evaluation, cell, watch)
        tag = f"{group.model.spec.label}+{cell.spec.label}".replace(" ", "_")
        write_trec(cell_folder(self.folder, cell.key) / RUN_FILE, result.run, tag=tag)
        return Record(
            key=cell.key,
            status="ok",
            cell=group.describe(cell),
            sees=cell.registered.plugin.factory.sees,
            tuning=result.tuning,
            provenance=self._provenance(cell, result),
            costs=self._costs(watch),
        )

    def _up_to_date(self, record: Record, cell: PlannedCell, analysis: Mapping[str, Json]) -> Record:
        """Measures and analyses are recomputed from the run when a suite asks for others; nothing else is."""
        found = analyze_cell(self.evaluation, cell, lambda: self._context(cell), self.folder)
        described = self.evaluation.group.describe(cell)
        update: dict[str, Json] = {"analysis": {**analysis, **found}, "cell": described}
        version = measuring_version()
        same = (tuple(record.measures), record.cell, record.provenance.get("measured_by")) == (
            self.evaluation.group.measures,
            described,
            version,
        )
        if not same or not (cell_folder(self.folder, cell.key) / PER_QUERY_FILE).is_file():
            context = self._context(cell)
            per_query = measure(context.run, context.qrels, self.evaluation.group.measures, depth=context.depth)
            write_atomically(cell_folder(self.folder, cell.key) / PER_QUERY_FILE, per_query_csv(per_query))
            update |= {"measures": aggregate(per_query), "queries": PER_QUERY_FILE}
            update["provenance"] = {**record.provenance, "measured_by": version}
        return record.model_copy(update=update)

    def _context(self, cell: PlannedCell) -> CellContext:
        """The run as it lies on disk, with what it is measured against."""
        return CellContext(
            run=untied(read_trec(cell_folder(self.folder, cell.key) / RUN_FILE)),
            qrels=self.evaluation.collection.test.qrels,
            documents=len(self.evaluation.doc_ids),
            depth=self.evaluation.group.depth,
        )

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
                **({"collection": asdict(collection.provider)} if collection.provider else {}),
                **{planned.spec.label: asdict(planned.registered.provider) for planned in group.analyses},
            },
            "model": {
                **self.evaluation.form.facts(),
                "identity": group.described_identities,
            },
            "collection": {
                "documents": len(collection.corpus.doc_ids),
                "queries": len(collection.test.queries),
                "digests": group.content_digests,
                "counts": {**self.evaluation.counts(), **result.notes},
            },
            "postprocessing": dict(result.facts),
            "device": group.device,
            "search_device": group.search_device,
            "dtype": "float32",
        }

    def _costs(self, watch: Stopwatch) -> dict[str, Json]:
        """Seconds of the group's shared stages and of this cell's own; a cached stage keeps what it once cost."""
        seconds = {**self.watch.seconds, **self.evaluation.form.seconds(), **watch.seconds}
        gpu_peaks = {**self.watch.gpu_peak_mib, **watch.gpu_peak_mib}
        return {
            "seconds": {stage: round(value, 3) for stage, value in seconds.items()},
            "peak_memory_mib": {**self.watch.peak_mib, **watch.peak_mib},
            **({"peak_gpu_memory_mib": gpu_peaks} if gpu_peaks else {}),
            "hardware": hardware(_gpu_of(self.evaluation.group)),
        }


def _gpu_of(group: Group) -> str:
    """The device that the record describes: the GPU, where either part of the work has one."""
    return group.device if group.device != "cpu" else group.search_device
