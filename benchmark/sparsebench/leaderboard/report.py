"""A board with what lies beside it, rendered in any format: the same board, the same bytes."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

from sparsebench.errors import StoreError
from sparsebench.leaderboard.board import Board, read_board
from sparsebench.leaderboard.flat import render_csv, render_json
from sparsebench.leaderboard.html import render_html
from sparsebench.leaderboard.latex import render_latex
from sparsebench.leaderboard.markdown import render_markdown
from sparsebench.leaderboard.significance import compared
from sparsebench.measures import aggregate
from sparsebench.records.evidence import Evidence, RunsEvidence
from sparsebench.store import write_atomically

if TYPE_CHECKING:
    from sparsebench.statistics import Comparison

RENDERERS: dict[str, Callable[..., str]] = {
    "md": render_markdown,
    "csv": render_csv,
    "json": render_json,
    "latex": render_latex,
}
FORMATS = (*RENDERERS, "html")
PAGES = ("md", "html")
"""The formats that lie beside the records."""

MEAN_TOLERANCE = 1e-5  # per-query values keep six digits


@dataclass(frozen=True)
class Report:
    """Board and the way to render it.

    costs: whether seconds are shown. page_bytes: how large the HTML page may be with per-query values.

    command: what writes its pages. compared_before: the comparison, where somebody has made it of this very board.
    """

    board: Board
    evidence: Evidence
    costs: bool = True
    page_bytes: int | None = None
    command: str = "sparsebench report"
    compared_before: Comparison | None = None

    @cached_property
    def comparison(self) -> Comparison | None:
        """The rows against the baseline, computed once for all formats."""
        return self.compared_before or compared(self.board, self.evidence)

    def render(self, form: str) -> str:
        """The text in one of FORMATS."""
        if form == "html":
            return self._page()
        figures = {"figures": self._figures} if form == "md" else {}
        return RENDERERS[form](self.board, self.comparison, costs=self.costs, **figures)

    @property
    def _figures(self) -> dict[str, list[str]]:
        """Analysis of the whole suite -> paths of its figures."""
        return {label: [*self.evidence.figures(label, found)] for label, found in self.board.index.analyses.items()}

    def _page(self) -> str:
        page = render_html(self.board, self.evidence, self.comparison, costs=self.costs)
        if self.page_bytes is not None and len(page.encode()) > self.page_bytes:
            return render_html(self.board, self.evidence, self.comparison, costs=self.costs, per_query=False)
        return page

    def write(self, folder: Path, name: str) -> None:
        """Write `<name>.md` and `<name>.html`."""
        for form in PAGES:
            write_atomically(folder / f"{name}.{form}", self.render(form))

    def check(self, page: Path, form: str) -> str | None:
        """Compare a page with the records; None when they agree, else what to do. Raises StoreError when it is not
        there.
        """
        if not page.is_file():
            raise StoreError(f"there is no {page}. `{self.command} {self.board.suite}` writes it.")
        if page.read_text(encoding="utf-8") == self.render(form):
            return None
        return f"{page} is not what the records say. `{self.command} {self.board.suite}` writes it again."

    def unfounded(self) -> list[str]:
        """Means that are not those of the per-query values beside them, one line each."""
        lines = []
        for record in self.board.records:
            values = self.evidence.per_query(record) or {}
            for name, mean in aggregate(values).items():
                if abs(record.measures.get(name, math.inf) - mean) > MEAN_TOLERANCE:
                    lines.append(f"{record.cell}: {name} is {record.measures.get(name)}, its queries give {mean:.6f}")
        return lines


def read_report(folder: Path, comparison: Comparison | None = None) -> Report:
    """The report of `runs/<suite>/`."""
    return Report(read_board(folder), RunsEvidence([folder]), compared_before=comparison)
