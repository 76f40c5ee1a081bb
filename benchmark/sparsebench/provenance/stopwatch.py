"""Seconds and peak memory of the stages of a run."""

from __future__ import annotations

import resource
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import ClassVar, NamedTuple

from sparsebench import device


def peak_memory_mib() -> int:
    """Peak resident memory of this process, MiB, since `forget_peak` where the system can (Linux), else ever."""
    try:
        for line in Path("/proc/self/status").read_text().splitlines():
            if line.startswith("VmHWM:"):
                return int(line.split()[1]) // 2**10
    except OSError:
        pass
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return int(peak / 2**20) if sys.platform == "darwin" else int(peak / 2**10)


def forget_peak() -> None:
    """Let the next peak be that of what follows."""
    with suppress(OSError):
        Path("/proc/self/clear_refs").write_text("5")


class _Peak(NamedTuple):
    """MiB of the host's memory and of the GPU's."""

    host: int = 0
    gpu: int = 0

    @classmethod
    def now(cls) -> _Peak:
        return cls(peak_memory_mib(), device.peak_mib() or 0)

    def or_more(self, other: _Peak) -> _Peak:
        return _Peak(max(self.host, other.host), max(self.gpu, other.gpu))


class Stopwatch:
    """Seconds by stage: `with watch.stage("fit"): …`; a stage entered twice adds up.

    seconds: those of a stage within another are its own alone, so that all add up to the whole. peak_mib: the most
    memory that the process used during a stage, MiB; gpu_peak_mib: the same of the GPU's memory, where it uses one.
    Stages within a stage count for it, too.
    """

    _outer: ClassVar[list[_Peak]] = []
    """Peaks so far of the stages that are open, whichever stopwatch they belong to."""
    _within: ClassVar[list[float]] = []
    """Seconds so far of stages within each of these."""

    def __init__(self) -> None:
        self.seconds: dict[str, float] = {}
        self.peak_mib: dict[str, int] = {}
        self.gpu_peak_mib: dict[str, int] = {}

    @contextmanager
    def stage(self, name: str) -> Iterator[None]:
        """Add the time of the block to `name`."""
        self._outer[:] = [peak.or_more(_Peak.now()) for peak in self._outer]
        self._outer.append(_Peak())
        self._within.append(0.0)
        forget_peak()
        device.forget_peak()
        start = time.perf_counter()
        try:
            yield
        finally:
            elapsed = time.perf_counter() - start
            self.seconds[name] = self.seconds.get(name, 0.0) + elapsed - self._within.pop()
            self._within[-1:] = [within + elapsed for within in self._within[-1:]]
            peak = self._outer.pop().or_more(_Peak.now())
            self._outer[:] = [outer.or_more(peak) for outer in self._outer]
            self._keep(name, peak)

    def _keep(self, name: str, peak: _Peak) -> None:
        self.peak_mib[name] = max(self.peak_mib.get(name, 0), peak.host)
        if peak.gpu:
            self.gpu_peak_mib[name] = max(self.gpu_peak_mib.get(name, 0), peak.gpu)
