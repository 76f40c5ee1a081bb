"""The record of each cell: computed, measured from the run on disk, brought up to date, or failed with its reason."""

from __future__ import annotations

import traceback
from collections.abc import Mapping
from dataclasses import dataclass

from sparsebench.contracts import CellContext
from sparsebench.contracts.calls import calling
from sparsebench.device import lost
from sparsebench.errors import FAILURES, SparsebenchError, reason, words
from sparsebench.evaluate.analysis import analyze_cell
from sparsebench.evaluate.cell import evaluate
from sparsebench.evaluate.description import describe
from sparsebench.evaluate.first_ranks import first_ranks_csv, read_first_ranks
from sparsebench.evaluate.group import Evaluation
from sparsebench.evaluate.provenance import costs_of, provenance_of, software_facts
from sparsebench.evaluate.warned import warn_of_counts, warn_of_scores
from sparsebench.measures import aggregate, measure_each
from sparsebench.planning import PlannedCell
from sparsebench.planning.keys import measuring_version
from sparsebench.planning.select import cell_name
from sparsebench.provenance import Stopwatch
from sparsebench.provenance.digests import sha256
from sparsebench.rank import read_trec, untied, write_trec
from sparsebench.records import (
    FIRST_RANKS_FILE,
    PER_QUERY_FILE,
    RUN_FILE,
    CellDescription,
    Damage,
    Provenance,
    Record,
    SuiteFolder,
    check_file,
    find_record,
    per_query_csv,
)
from sparsebench.records.labels import run_tag
from sparsebench.records.made_of import Made, write_made
from sparsebench.store import write_atomically
from sparsebench.types import Json

TOUCHED = "while this cell was computed, something wrote to scores that other cells read too"


@dataclass(frozen=True)
class Recorder:
    """Makes the records of one group's cells. folder: of the suite. watch: seconds of what the cells share."""

    evaluation: Evaluation
    folder: SuiteFolder
    watch: Stopwatch

    def record(self, cell: PlannedCell, analysis: Mapping[str, Json]) -> Record:
        """The record of a cell, computed or brought up to date; what is damaged is made again."""
        record = self._attempt(cell, analysis)
        if self.evaluation.forget_touched() and record.status == "ok":
            return self._failed(cell, f"{TOUCHED}; the next cell computes them again")
        return record

    def given_up(self, cell: PlannedCell, error: str) -> Record:
        """The record that is there, else a failed one: of a group whose evaluation ended the process."""
        return self._found(cell) or self._failed(cell, error)

    def _attempt(self, cell: PlannedCell, analysis: Mapping[str, Json]) -> Record:
        group = self.evaluation.group
        try:
            name = f"{group.model.spec.label}+{cell.spec.label} on {group.collection.spec.label}"
            with calling(name, cell.key, limited=False):
                return self._made(cell, analysis)
        except SparsebenchError as error:
            return self._failed(cell, words(error))
        except FAILURES as error:  # one broken plugin must not cost the cells of all others
            return self._failed(cell, lost(error) or reason(error), traceback.format_exc())

    def _made(self, cell: PlannedCell, analysis: Mapping[str, Json]) -> Record:
        done = self._measured(self._found(cell) or self._computed(cell), cell)
        write_made(self.folder, cell.key, Made(cell_name(self.evaluation.group, cell.spec.label), cell.parts))
        found = analyze_cell(self.evaluation, cell, lambda: self._context(cell), self.folder)
        return done.model_copy(update={"analysis": {**analysis, **found}})

    def _found(self, cell: PlannedCell) -> Record | None:
        """The record of an earlier run, where it and its run are whole."""
        try:
            return find_record(self.folder, cell.key, first_ranks=self.evaluation.group.counts_first_ranks)
        except Damage as damage:
            damage.warn()
            return None

    def _computed(self, cell: PlannedCell) -> Record:
        """Rank, and write the run down; the measures are always taken from the file."""
        group, watch, path = self.evaluation.group, Stopwatch(), self.folder.run(cell.key)
        result = evaluate(self.evaluation, cell, watch)
        warn_of_scores(cell.spec.label, result.facts)
        warn_of_counts(group.name, result.notes, len(self.evaluation.collection.test.queries))
        write_trec(path, result.run, tag=run_tag(group.model.spec.label, cell.spec.label))
        files = {RUN_FILE: sha256(path)}
        if result.first_ranks is not None:
            counted = self.folder.first_ranks(cell.key)
            write_atomically(counted, first_ranks_csv(result.first_ranks))
            files[FIRST_RANKS_FILE] = sha256(counted)
        return Record(
            key=cell.key,
            status="ok",
            cell=describe(group, cell),
            files=files,
            sees=cell.registered.plugin.factory.sees,
            tuning=result.tuning,
            provenance=provenance_of(self.evaluation, cell, result),
            costs=costs_of(self.evaluation, shared=self.watch, own=watch),
        )

    def _measured(self, record: Record, cell: PlannedCell) -> Record:
        """The record with the measures that the suite asks for; they are taken from the run where anything differs."""
        described, version = describe(self.evaluation.group, cell), measuring_version()
        if self._is_measured(record, described, version):
            return record
        context, path = self._context(cell), self.folder.per_query(cell.key)
        ranks, names = self._first_ranks(record), self.evaluation.group.measures
        per_query, failed = measure_each(context.run, context.qrels, names, depth=context.depth, first_ranks=ranks)
        write_atomically(path, per_query_csv(per_query))
        update = {
            "cell": described,
            "measures": aggregate(per_query),
            "failed_measures": failed,
            "files": {**record.files, PER_QUERY_FILE: sha256(path)},
            "provenance": record.provenance.model_copy(update={"measured_by": version}),
        }
        return record.model_copy(update=update)

    def _first_ranks(self, record: Record) -> dict[str, int] | None:
        """Read the ranks of first relevant documents from disk; None where they were not counted."""
        if FIRST_RANKS_FILE not in record.files:
            return None
        return read_first_ranks(self.folder.first_ranks(record.key).read_text(encoding="utf-8"))

    def _is_measured(self, record: Record, described: CellDescription, version: str) -> bool:
        asked = (self.evaluation.group.measures, described, version)
        if (tuple(record.measures), record.cell, record.provenance.measured_by) != asked:
            return False
        try:
            checksum = record.files.get(PER_QUERY_FILE, "")
            check_file(self.folder.per_query(record.key), checksum, remedy=self.folder.remedy)
        except Damage as damage:
            damage.warn()
            return False
        return True

    def _context(self, cell: PlannedCell) -> CellContext:
        """The run as it lies on disk, with what it is measured against."""
        return CellContext(
            run=untied(read_trec(self.folder.run(cell.key))),
            qrels=self.evaluation.answers.judged(self.evaluation.collection.test.qrels),
            documents=len(self.evaluation.answers.ids),
            depth=self.evaluation.group.depth,
        )

    def _failed(self, cell: PlannedCell, error: str, trace: str | None = None) -> Record:
        return Record(
            key=cell.key,
            status="failed",
            cell=describe(self.evaluation.group, cell),
            sees=cell.registered.plugin.factory.sees,
            error=error,
            provenance=Provenance(software=software_facts(), traceback=trace),
        )
