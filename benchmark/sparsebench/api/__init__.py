"""The Python way in: `run`, `plan` and `load_records` with the command's options as keywords, and their results."""

from sparsebench.api.calls import load_records, plan, run
from sparsebench.api.planned import Planned
from sparsebench.api.results import Results

__all__ = ["Planned", "Results", "load_records", "plan", "run"]
