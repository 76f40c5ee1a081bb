"""Record the environment of a number: software, source tree, hardware, seconds and memory."""

from __future__ import annotations

import importlib.metadata
import os
import platform
import subprocess
from functools import lru_cache
from pathlib import Path

from sparsebench.device import describe
from sparsebench.provenance.digests import digest, library_versions
from sparsebench.types import Json

MEASURED_WITH = ("ir_measures", "ir_datasets", "bm25s", "PyStemmer")


@lru_cache(maxsize=1)
def software() -> dict[str, Json]:
    """Versions of everything that took part, and the commit of the checkout when there is one."""
    others = {name: importlib.metadata.version(name) for name in MEASURED_WITH}
    return {
        "sparsebench": importlib.metadata.version("sparsebench"),
        "python": platform.python_version(),
        "libraries": {**library_versions(), **others},
        "git": _git(Path(__file__).parent),
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
        "device": describe(device).get("name", device),
    }
    gpu = {"gpu": describe(device)} if describe(device) else {}
    return {**facts, "fingerprint": digest(facts)[:12], **gpu}


def _cpu_model() -> str:
    try:
        for line in Path("/proc/cpuinfo").read_text().splitlines():
            if line.startswith("model name"):
                return line.partition(":")[2].strip()
    except OSError:
        pass
    return platform.processor() or platform.machine()
