"""Seconds and peak memory of the stages of a run."""

from __future__ import annotations

import resource
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from contextvars import ContextVar
from dataclasses import dataclass, field
from pathlib import Path
from typing import NamedTuple

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


@dataclass
class _Stage:
    """A stage that is open. peak: the most so far. within: seconds so far of stages within it."""

    peak: _Peak = field(default_factory=_Peak)
    within: float = 0.0


# Those of this thread or task, whichever stopwatch they belong to: what others do meanwhile is no part of a stage.
_open: ContextVar[tuple[_Stage, ...]] = ContextVar("open", default=())


class Stopwatch:
    """Seconds by stage: `with watch.stage("fit"): …`; a stage entered twice adds up.

    seconds: those of a stage within another are its own alone, so that all add up to the whole. peak_mib: the most
    memory that the process used during a stage, MiB; gpu_peak_mib: the same of the GPU's memory, where it uses one.
    Stages within a stage count for it, too.

    Example:
        >>> watch = Stopwatch()
        >>> with watch.stage("fit"):
        ...     total = sum(range(10))
        >>> list(watch.seconds)
        ['fit']
    """

    def __init__(self) -> None:
        self.seconds: dict[str, float] = {}
        self.peak_mib: dict[str, int] = {}
        self.gpu_peak_mib: dict[str, int] = {}

    @contextmanager
    def stage(self, name: str) -> Iterator[None]:
        """Add the time of the block to `name`."""
        outer = _open.get()
        for stage in outer:
            stage.peak = stage.peak.or_more(_Peak.now())
        own = _Stage()
        token = _open.set((*outer, own))
        forget_peak()
        device.forget_peak()
        start = time.perf_counter()
        try:
            yield
        finally:
            elapsed = time.perf_counter() - start
            _open.reset(token)
            self.seconds[name] = self.seconds.get(name, 0.0) + elapsed - own.within
            for stage in outer[-1:]:
                stage.within += elapsed
            peak = own.peak.or_more(_Peak.now())
            for stage in outer:
                stage.peak = stage.peak.or_more(peak)
            self._keep(name, peak)

    def _keep(self, name: str, peak: _Peak) -> None:
        self.peak_mib[name] = max(self.peak_mib.get(name, 0), peak.host)
        if peak.gpu:
            self.gpu_peak_mib[name] = max(self.gpu_peak_mib.get(name, 0), peak.gpu)
