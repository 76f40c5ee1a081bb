"""Counts of a run: cells by what became of them, texts by where their vectors came from."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from sparsebench.statistics import Comparison

Measured = tuple[tuple[str, ...], str | None]
"""The measures of a cell, and by which code they were taken."""


@dataclass(frozen=True)
class Cells:
    """Counts of the cells of a run: computed, kept, failed, and of those kept, measured again."""

    computed: int = 0
    kept: int = 0
    failed: int = 0
    measured_again: int = 0

    @classmethod
    def counted(cls, before: Mapping[str, Measured], after: Mapping[str, Measured | None]) -> Cells:
        """Count cells by key. before: those that were finished; after: all, None where one failed."""
        kept = {key: found for key, found in after.items() if found is not None and key in before}
        return cls(
            computed=sum(found is not None and key not in before for key, found in after.items()),
            kept=len(kept),
            failed=sum(found is None for found in after.values()),
            measured_again=sum(found != before[key] for key, found in kept.items()),
        )


@dataclass(frozen=True)
class Finished:
    """Findings at the end of a suite. comparison: of the leaderboard's rows, so that nobody resamples them twice."""

    cells: Cells
    comparison: Comparison | None


@dataclass(frozen=True)
class Tally:
    """Counts of a run. encoded: texts (or clips and images) that were encoded; reused: those whose vectors were in the
    store.

    A process that a plugin ends takes with it what it counted of vectors; cells are counted by their records.
    """

    cells: Cells = field(default_factory=Cells)
    encoded: int = 0
    reused: int = 0
