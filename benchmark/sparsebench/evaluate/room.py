"""Memory budget of a device: documents scored at once and scores that are kept."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import TypeVar

from sparsebench.device import does_not_fit, free_bytes
from sparsebench.errors import ScoreError
from sparsebench.evaluate.forms.form import WIDEST
from sparsebench.search.source import Source

T = TypeVar("T")
S = TypeVar("S", bound=Source)

KEPT_BYTES = 2**31
LEAST = 256
"""Documents at once, beneath which nothing is gained."""


@dataclass
class Room:
    """Memory for scores on a device, as far as is known. kept: bytes of scores that may stay in memory; block: bytes of
    one block in float64, None for what a source takes by itself.

    Example: `Room.on("cuda").halving(rank)` ranks with blocks half as wide as often as memory ends.
    """

    device: str
    kept: int
    block: int | None = None
    halved: int = 0

    @classmethod
    def on(cls, device: str) -> Room:
        """Make the room of a device: of a GPU's free memory a quarter may hold scores, and a block a sixteenth."""
        free = free_bytes(device)
        return cls(device, KEPT_BYTES) if free is None else cls(device, min(KEPT_BYTES, free // 4), free // 16)

    def fitting(self, blocks: S) -> S:
        """Return the same scores in blocks as narrow as they have to be, and on a GPU as wide as they may."""
        width = blocks.block if self.block is None else min(WIDEST, self.block // (8 * max(1, blocks.shape[0])))
        width = min(width, blocks.shape[1]) if self.halved else width
        return replace(blocks, block=max(LEAST, width >> self.halved))  # type: ignore[type-var]

    def halving(self, work: Callable[[], T], start_over: Callable[[], None], widest: int) -> T:
        """Return what `work` gives; where memory ends, start over with blocks half as wide.

        start_over: lets go of what is kept. widest: documents in the widest block. Raises ScoreError where not even
        the narrowest blocks fit.
        """
        while (found := self._tried(work)) is None:
            start_over()
            self.kept = 0
            if widest >> self.halved <= LEAST:
                raise ScoreError(
                    f"scores do not fit in the memory of {self.device}, not even of {LEAST} documents at a time; free "
                    "memory (`nvidia-smi` says who uses it), rank fewer queries, or use --search-device cpu"
                )
            self.halved += 1
        return found[0]

    @staticmethod
    def _tried(work: Callable[[], T]) -> tuple[T] | None:
        """Try the work; None where memory ended, and what the attempt held is then free."""
        try:
            return (work(),)
        except (MemoryError, RuntimeError) as error:
            if not does_not_fit(error):
                raise
            return None
