"""One comparison, and the files that hold them all."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

FIELDS = ("stage", "subject", "peer", "ours", "theirs", "ratio", "limit_share", "unit")


@dataclass(frozen=True)
class Result:
    """Ours and a peer's in `unit`; ratio: how many times better ours is.

    peer None: nothing to compare with. limit_share: the share that ours reaches of what the machine could do, None
    where no one knows. spread: of ours and theirs, shares of the medians. note: what a reader must know.
    """

    stage: str
    subject: str
    peer: str | None
    ours: float
    theirs: float | None
    unit: str
    limit_share: float | None = None
    spread: tuple[float, float | None] = (0.0, None)
    note: str = ""

    @property
    def ratio(self) -> float | None:
        """Above 1 where ours is better: units of something a second are better when larger, all others when smaller."""
        if self.theirs is None:
            return None
        return self.ours / self.theirs if self.unit.endswith("/s") else self.theirs / self.ours


def write_json(path: Path, results: Sequence[Result]) -> None:
    """The list of results, rounded to four digits."""
    rows = [{name: _rounded(getattr(result, name)) for name in FIELDS} for result in results]
    path.write_text("[\n" + ",\n".join(json.dumps(row) for row in rows) + "\n]\n")


def _rounded(value: object) -> object:
    return float(f"{value:.4g}") if isinstance(value, float) else value
