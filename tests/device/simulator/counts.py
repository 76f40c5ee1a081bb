"""What happened on the simulated device so far, and at which line of the product."""

from __future__ import annotations

import sys
from collections import Counter, defaultdict
from typing import Any

PACKAGES = ("/sparsebench/", "/sparsebench_plugins/")


class Counts:
    """numbers: kind -> number. by_line: kind -> `file:line` -> number. live, peak: bytes on the device.

    Kinds: `launches`; `uploads`, `downloads` and their `_bytes`; `waits`: times the host stood still for the device;
    `bytes`: read and written by operations; `float64_bytes`: those of them in float64.
    """

    def __init__(self) -> None:
        self.numbers: Counter[str] = Counter()
        self.by_line: defaultdict[str, Counter[str]] = defaultdict(Counter)
        self.live = self.peak = 0

    def __getitem__(self, kind: str) -> int:
        return self.numbers[kind]

    def add(self, kind: str, number: int = 1) -> None:
        """Count `number` of a kind, for the line that is at work."""
        if number:
            self.numbers[kind] += number
            self.by_line[kind][_line()] += number

    def hold(self, size: int) -> None:
        """Count bytes that are taken (or, below 0, given back)."""
        self.live += size
        self.peak = max(self.peak, self.live)

    def clear(self) -> None:
        """Forget all but what is held."""
        self.numbers.clear()
        self.by_line.clear()
        self.peak = self.live

    def report(self, top: int | None = 12) -> dict[str, Any]:
        """All numbers, and the lines that come first in each (None: all lines)."""
        lines = {kind: dict(found.most_common(top)) for kind, found in self.by_line.items()}
        return {"numbers": dict(self.numbers), "peak_bytes": self.peak, "by_line": lines}


def _line() -> str:
    """The innermost line of the product on the stack."""
    frame: Any = sys._getframe(2)
    while frame is not None:
        name = frame.f_code.co_filename
        at = max(name.rfind(package) for package in PACKAGES)
        if at >= 0 and "site-packages" not in name:
            return f"{name[at + 1 :]}:{frame.f_lineno}"
        frame = frame.f_back
    return "elsewhere"
