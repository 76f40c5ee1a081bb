"""The Python way in: `run`, `plan` and `load_records` with the command's options as keywords, and their results."""

from sparsebench.api.calls import load_records, plan, run
from sparsebench.api.planned import Planned
from sparsebench.api.results import Results
from sparsebench.planning.overview import CellOverview, GroupOverview

__all__ = ["CellOverview", "GroupOverview", "Planned", "Results", "load_records", "plan", "run"]
