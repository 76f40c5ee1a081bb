"""Where a number comes from: software, source tree, hardware, seconds and memory."""

from __future__ import annotations

import importlib.metadata
import os
import platform
import resource
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from functools import lru_cache
from pathlib import Path
from typing import ClassVar

import benchmark
from benchmark.fingerprint import digest, library_versions
from benchmark.types import Json

MEASURED_WITH = ("ir_measures", "ir_datasets", "bm25s", "PyStemmer")


@lru_cache(maxsize=1)
def software() -> dict[str, Json]:
    """Versions of everything that took part, and the commit of the checkout when there is one."""
    others = {name: importlib.metadata.version(name) for name in MEASURED_WITH}
    return {
        "sparsebench": benchmark.__version__,
        "python": platform.python_version(),
        "libraries": {**library_versions(), **others},
        "git": _git(Path(benchmark.__file__).parent),
    }


def _git(folder: Path) -> dict[str, Json] | None:
    def ask(*words: str) -> str:
        command = ["git", "-C", str(folder), *words]
        return subprocess.run(command, check=True, capture_output=True, text=True).stdout.strip()

    try:
        tracked = ask("ls-files", "--error-unmatch", "__init__.py")
        # Tables are written into the tree by the very runs they describe, so they do not make it dirty.
        dirty = ask("status", "--porcelain", "--untracked-files=no", "--", ":/", ":(exclude,top)leaderboards")
        return {"commit": ask("rev-parse", "HEAD"), "dirty": bool(dirty)} if tracked else None
    except (OSError, subprocess.CalledProcessError):
        return None  # an installed wheel, or no git


@lru_cache(maxsize=4)
def hardware(device: str) -> dict[str, Json]:
    """The machine, without its name. `fingerprint` is equal where costs may be compared."""
    facts = {
        "cpu": _cpu_model(),
        "cores": len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count(),
        "system": f"{platform.system()} {platform.machine()}",
        "device": _device_name(device),
    }
    return {**facts, "fingerprint": digest(facts)[:12]}


def _cpu_model() -> str:
    try:
        for line in Path("/proc/cpuinfo").read_text().splitlines():
            if line.startswith("model name"):
                return line.partition(":")[2].strip()
    except OSError:
        pass
    return platform.processor() or platform.machine()


def _device_name(device: str) -> str:
    if device == "cpu":
        return "cpu"
    import torch

    return torch.cuda.get_device_name(device)


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


class Stopwatch:
    """Seconds by stage: `with watch.stage("fit"): …`; a stage entered twice adds up.

    seconds: those of a stage within another are its own alone, so that all add up to the whole. peak_mib: the most
    memory that the process used during a stage, MiB; stages within it count for it, too.
    """

    _outer: ClassVar[list[int]] = []
    """Peaks so far of the stages that are open, whichever stopwatch they belong to."""
    _within: ClassVar[list[float]] = []
    """Seconds so far of stages within each of these."""

    def __init__(self) -> None:
        self.seconds: dict[str, float] = {}
        self.peak_mib: dict[str, int] = {}

    @contextmanager
    def stage(self, name: str) -> Iterator[None]:
        """Add the time of the block to `name`."""
        self._outer[:] = [max(peak, peak_memory_mib()) for peak in self._outer]
        self._outer.append(0)
        self._within.append(0.0)
        forget_peak()
        start = time.perf_counter()
        try:
            yield
        finally:
            elapsed = time.perf_counter() - start
            self.seconds[name] = self.seconds.get(name, 0.0) + elapsed - self._within.pop()
            self._within[-1:] = [within + elapsed for within in self._within[-1:]]
            peak = max(self._outer.pop(), peak_memory_mib())
            self._outer[:] = [max(outer, peak) for outer in self._outer]
            self.peak_mib[name] = max(self.peak_mib.get(name, 0), peak)
