"""The plan that `sparsebench.plan` returns."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING

from tabulate import tabulate

from sparsebench.api.frames import data_frame
from sparsebench.planning.overview import CellOverview, GroupOverview
from sparsebench.records import short

if TYPE_CHECKING:
    from pandas import DataFrame


@dataclass(frozen=True)
class Planned:
    """The cells of a suite and what is still to be computed.

    Example:
        planned = sparsebench.plan("quickstart")
        planned.todo, len(planned.cells)
    """

    suite: str
    device: str
    cells: tuple[CellOverview, ...]
    groups: tuple[GroupOverview, ...]

    @property
    def todo(self) -> int:
        """Number of cells that are not computed yet."""
        return sum(not cell.cached for cell in self.cells)

    def to_pandas(self) -> DataFrame:
        """Return one row a cell. Raises SparsebenchError where pandas is not installed."""
        return data_frame([asdict(cell) for cell in self.cells])

    def __repr__(self) -> str:
        return f"<plan of {self.suite}: {self.todo} of {len(self.cells)} cells to compute on {self.device}>"

    def _repr_html_(self) -> str:
        """Return both tables as HTML, for a notebook."""
        cells = tabulate([asdict(cell) | {"key": short(cell.key)} for cell in self.cells], "keys", tablefmt="html")
        groups = tabulate([asdict(group) for group in self.groups], "keys", tablefmt="html", missingval="not yet known")
        return f"<p>{self.todo} of {len(self.cells)} cells to compute on {self.device}</p>{cells}{groups}"
