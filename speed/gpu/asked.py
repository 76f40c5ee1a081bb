"""Options of a check, and runs that take turns."""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from sparsebench.device import forget_peak, kind, peak_mib
from speed.clock import seconds_of

Run = Callable[[], Any]
Found = dict[str, Any]


@dataclass(frozen=True)
class Asked:
    """device: of torch. small: everything tiny, to try the check itself. deadline: of time.monotonic().

    Example: `Asked("cpu", small=True, deadline=time.monotonic() + 60)`.
    """

    device: str
    small: bool
    deadline: float

    def sized(self, small: int, large: int) -> int:
        """One of two sizes."""
        return small if self.small else large

    def timed(self, run: Run) -> float:
        """Seconds of a run, all that the device does for it included."""

        def whole() -> None:
            run()
            self._wait()

        return seconds_of(whole)

    def best(self, run: Run, tries: int = 5) -> float:
        """Seconds of the fastest of several runs: a limit is what nothing exceeds."""
        return min(self.timed(run) for _ in range(tries))

    def rivals(self, runs: Mapping[str, Run], *, work: float) -> Found:
        """Measure of each run the median of its seconds, work a second and peak memory; they take turns and are warm.

        One that fails is named, and the others go on.
        """
        found = {name: self._first(run) for name, run in runs.items()}
        well = [name for name in runs if "error" not in found[name]]
        for _ in range(self.sized(2, 3)):
            for name in well:
                if time.monotonic() < self.deadline or not found[name]["seconds"]:
                    found[name]["seconds"].append(self.timed(runs[name]))
        for name in well:
            median = statistics.median(found[name]["seconds"])
            found[name] |= {"median": median, "per_second": work / median}
        return found

    def _first(self, run: Run) -> Found:
        forget_peak()
        try:
            first = self.timed(run)
        except Exception as error:  # a rival's, of whatever kind
            return {"error": f"{type(error).__name__}: {error}"[:300]}
        return {"first": first, "peak_mib": peak_mib(), "seconds": []}

    def _wait(self) -> None:
        if kind(self.device) != "cpu":
            import torch

            torch.cuda.synchronize(self.device)
