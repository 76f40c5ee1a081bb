"""One card for two processes: what each holds is written where the other reads it."""

from __future__ import annotations

from pathlib import Path

import numpy as np


class Card:
    """The bytes that two processes hold of one memory. seat: 0 or 1, of this process. seen: the most that the other one
    held when this one asked.

    Example: `DEVICE.card = Card(tmp_path / "card", seat=0)`, with `seat=1` in another process.
    """

    def __init__(self, path: Path, seat: int) -> None:
        path.touch()
        with path.open("r+b") as file:
            file.truncate(16)
        self._held = np.memmap(path, dtype=np.int64, mode="r+", shape=(2,))
        self._seat, self.seen = seat, 0

    def hold(self, live: int) -> None:
        """Write what this process holds."""
        self._held[self._seat] = live

    @property
    def others(self) -> int:
        """Bytes that the other process holds."""
        found = int(self._held[1 - self._seat])
        self.seen = max(self.seen, found)
        return found
