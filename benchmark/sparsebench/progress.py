"""Progress of long steps: bars with rate and time left in a terminal, plain lines elsewhere."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Protocol

from sparsebench.disclosure.visible import shown

Advance = Callable[[int], None]
UNKNOWN = 0
"""The total of a step whose end nobody knows."""
SECONDS_BETWEEN_LINES = 10.0


class Progress(Protocol):
    """Receiver of the pipeline's progress messages."""

    def say(self, line: str) -> None:
        """One line that stays."""
        ...

    @contextmanager
    def step(self, name: str, total: int, unit: str) -> Iterator[Advance]:
        """A long step of `total` units, or UNKNOWN; the block calls what it is given with the units it has done."""
        ...


def progress_for_terminal() -> Progress:
    """Bars when standard error is a terminal, lines otherwise."""
    return Bars() if sys.stderr.isatty() else Lines()


class Silent:
    """Says nothing: for tests and libraries."""

    def say(self, line: str) -> None:
        """Nothing."""

    @contextmanager
    def step(self, name: str, total: int, unit: str) -> Iterator[Advance]:
        """Show nothing."""
        yield lambda done: None


class Lines:
    """A line when a step that took its time ends, and every ten seconds within it."""

    def say(self, line: str) -> None:
        """Print to standard error, which leaves standard output to tables."""
        print(shown(line), file=sys.stderr, flush=True)

    @contextmanager
    def step(self, name: str, total: int, unit: str) -> Iterator[Advance]:
        """Implement `Progress.step`."""
        start = last = time.monotonic()
        done = 0

        def advance(units: int) -> None:
            nonlocal done, last
            done += units
            now = time.monotonic()
            if now - last >= SECONDS_BETWEEN_LINES and (done < total or total == UNKNOWN):
                last, rate = now, done / (now - start)
                left = f", {(total - done) / rate:.0f} s left" if total else ""
                self.say(f"{name}: {done}{f'/{total}' if total else ''} {unit}, {rate:.1f}/s{left}")

        yield advance
        elapsed = time.monotonic() - start
        if elapsed >= 1:
            self.say(f"{name}: {done} {unit} in {elapsed:.1f} s, {done / elapsed:.1f}/s")


class Bars:
    """Rich progress bars."""

    def __init__(self) -> None:
        from rich.console import Console

        self._console = Console(stderr=True)

    def say(self, line: str) -> None:
        """Print above the bars."""
        self._console.print(shown(line), highlight=False, markup=False, soft_wrap=True)

    @contextmanager
    def step(self, name: str, total: int, unit: str) -> Iterator[Advance]:
        """Implement `Progress.step`."""
        from rich.progress import BarColumn, MofNCompleteColumn, TextColumn, TimeElapsedColumn, TimeRemainingColumn
        from rich.progress import Progress as RichProgress

        columns = (
            TextColumn("{task.description}"),
            BarColumn(),
            MofNCompleteColumn(),
            TextColumn(unit),
            TextColumn("{task.fields[rate]}"),
            TimeElapsedColumn(),
            TimeRemainingColumn(),
        )
        with RichProgress(*columns, console=self._console, transient=True) as bars:
            task = bars.add_task(name, total=total or None, rate="")

            def advance(units: int) -> None:
                bars.update(task, advance=units)
                speed = bars.tasks[0].speed
                bars.update(task, rate=f"{speed:.0f}/s" if speed else "")

            yield advance
