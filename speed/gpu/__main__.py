"""python -m speed.gpu [--small] [--device cuda] [--stage NAME ...]: ask a GPU, and write GPU.md and gpu.json."""

from __future__ import annotations

import argparse
import datetime
import json
import sys
import time
import traceback
import warnings
from pathlib import Path

from sparsebench.device import choose_device, describe, kind, why_no_gpu
from speed.gpu import encode, limits, right, search, sinkhorn
from speed.gpu.asked import Asked, Found
from speed.gpu.report import page

HERE = Path(__file__).resolve().parents[1]
STAGES = {
    "limits": limits.found,
    "tests": right.marked_tests,
    "quickstart": right.quickstart,
    "encode": encode.found,
    "search": search.found,
    "sinkhorn": sinkhorn.found,
}


def main(words: list[str] | None = None) -> int:
    """Run the stages asked for; 1 where one failed, 2 where there is no GPU."""
    parser = argparse.ArgumentParser(prog="python -m speed.gpu", description=__doc__)
    parser.add_argument("--device", default="cuda")
    parser.add_argument("--small", action="store_true", help="everything tiny, on any device: to try the check itself")
    parser.add_argument("--seconds", type=float, default=420, help="after so many no further stage begins")
    parser.add_argument("--stage", action="append", choices=STAGES, help="only this one; may be given again")
    parser.add_argument("--out", type=Path, help="folder of GPU.md and gpu.json (default: speed, not with --small)")
    options = parser.parse_args(words)
    if options.out is None and options.small:
        parser.error("--small is no measurement: name a folder with --out")
    out = options.out or HERE
    out.mkdir(parents=True, exist_ok=True)
    reason = why_no_gpu() if kind(options.device) == "cuda" else None
    if reason or (kind(options.device) == "cpu" and not options.small):
        (out / "GPU.md").write_text(page(None), encoding="utf-8")
        say(f"not run: {reason or 'a CPU is no GPU (--small tries the check on one)'}")
        return 2
    device = choose_device(options.device)
    found = _checked(Asked(device, options.small, time.monotonic() + options.seconds), options.stage, out)
    return int(any(isinstance(each, dict) and "error" in each and each["error"] for each in found.values()))


def _checked(asked: Asked, stages: list[str] | None, out: Path) -> Found:
    """Write what every stage found, after each: a check that is cut short still brings figures home."""
    warnings.filterwarnings("ignore")
    found = _facts(asked)
    for name in stages or STAGES:
        start = time.monotonic()
        found[name] = _of_stage(name, asked) if start < asked.deadline else {"error": "left out, there was no time"}
        (out / "gpu.json").write_text(json.dumps(found, indent=1) + "\n", encoding="utf-8")
        (out / "GPU.md").write_text(page(found), encoding="utf-8")
        say(f"{name}: {time.monotonic() - start:.0f} s")
    return found


def _facts(asked: Asked) -> Found:
    import torch

    card = describe(asked.device)
    today = datetime.datetime.now(tz=datetime.UTC).date().isoformat()
    names = {name: card.get(name) for name in ("name", "driver", "cuda", "capability", "memory_mib")}
    return {**names, "device": asked.device, "small": asked.small, "torch": torch.__version__, "date": today}


def _of_stage(name: str, asked: Asked) -> Found:
    try:
        return STAGES[name](asked)
    except Exception as error:  # the other stages are worth having without it
        traceback.print_exc()
        return {"error": f"{type(error).__name__}: {error}"[:500]}


def say(line: str) -> None:
    """Write a line to the error stream, at once."""
    sys.stderr.write(line + "\n")
    sys.stderr.flush()


if __name__ == "__main__":
    sys.exit(main())
