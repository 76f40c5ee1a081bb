"""Progress of a training in a terminal."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager

from sparsebench.progress import Progress
from sparsebench.types import Json

Report = Callable[[dict[str, Json]], None]
"""Takes what a training logs: label, step, steps, loss and its parts, query_l0, document_l0, the two lambdas."""


@contextmanager
def reporting(progress: Progress, label: str, steps: int) -> Iterator[Report]:
    """A bar of steps, and a line of loss and sparsity at every tenth of the way."""
    shown = 0
    done = 0
    with progress.step(label, steps, "steps") as advance:

        def report(state: dict[str, Json]) -> None:
            nonlocal shown, done
            advance(state["step"] - done)
            done = state["step"]
            if done * 10 // steps > shown:
                shown = done * 10 // steps
                sparsity = f"L0 {state['query_l0']:.1f} (queries) {state['document_l0']:.1f} (documents)"
                progress.say(f"{label}: step {done}/{steps}, loss {state['loss']:.4g}, {sparsity}")

        yield report
