"""The results that `sparsebench.run` and `sparsebench.load_records` return."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

from sparsebench.api.frames import data_frame
from sparsebench.leaderboard.asked import compare_rows, measures_by
from sparsebench.leaderboard.html.static import render_tables
from sparsebench.leaderboard.report import Report
from sparsebench.leaderboard.significance import system_name
from sparsebench.records import Record
from sparsebench.types import PerQuery

if TYPE_CHECKING:
    from pandas import DataFrame

    from sparsebench.statistics import Comparison


@dataclass(frozen=True, repr=False)
class Results:
    """The records of a suite, as tables and as values.

    Example:
        results = sparsebench.load_records("runs/quickstart")
        results.to_pandas()[["model", "postprocessor", "nDCG@10"]]
        results.per_query("RR@10")["mini/web/test"]["bm25 + none"]
        print(results)  # the leaderboard in markdown
    """

    folder: Path
    """Where the records lie."""
    _report: Report

    @property
    def suite(self) -> str:
        """The suite's name."""
        return self._report.board.suite

    @property
    def records(self) -> Sequence[Record]:
        """One record a cell: measures, analyses, tuning, provenance, costs."""
        return self._report.board.records

    @property
    def failures(self) -> Sequence[str]:
        """One line for each cell and each analysis that failed, with the reason."""
        return self._report.board.failures

    def to_pandas(self) -> DataFrame:
        """Return one row a cell: its parts, every measure, ranks and tests of the first measure, seconds, key.

        Raises SparsebenchError where pandas is not installed.
        """
        cells: list[dict[str, Any]] = json.loads(self._report.render("json"))["cells"]
        return data_frame([{**cell, **cell["measures"]} for cell in cells]).drop(columns="measures", errors="ignore")

    def per_query(self, measure: str | None = None) -> dict[str, dict[str, dict[str, float]]]:
        """Return collection -> "model + postprocessor" -> query_id -> value.

        measure: ir_measures' name; by default the first of each collection. A cell that was not measured by it is left
        out. Raises StoreError for a measure of no cell.
        """
        board = self._report.board
        measures = measures_by(board, measure)
        found: dict[str, dict[str, dict[str, float]]] = {label: {} for label in measures}
        for row in board.rows:
            for label, record in row.records.items():
                values = self._values.get(record.key) or {}
                if label in measures and measures[label] in values:
                    found[label][system_name(row.model, row.postprocessor)] = dict(values[measures[label]])
        return found

    def compare(
        self, *, baseline: str | None = None, measure: str | None = None, margin: float | None = None
    ) -> Comparison:
        """Test every row against a baseline, query by query, as `sparsebench compare` does.

        baseline: "model + postprocessor"; by default the suite's. measure: by default the first of each collection.
        margin: of equivalence, chosen before looking. Raises StoreError where nothing can be compared.
        """
        _, comparison = compare_rows(
            self._report.board, self._report.evidence, baseline=baseline, measure=measure, margin=margin
        )
        return comparison

    @cached_property
    def _values(self) -> dict[str, PerQuery | None]:
        return {record.key: self._report.evidence.per_query(record) for record in self.records}

    def __str__(self) -> str:
        """The leaderboard in markdown."""
        return self._report.render("md")

    def __repr__(self) -> str:
        failed = f", {len(self.failures)} failed" if self.failures else ""
        return f"<results of {self.suite}: {len(self.records)} cells{failed} ({self.folder})>"

    def _repr_html_(self) -> str:
        """The tables of the leaderboard, for a notebook."""
        return render_tables(self._report.board, self._report.comparison, costs=self._report.costs)
