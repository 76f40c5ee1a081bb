"""Checks that all is right there: the tests marked `gpu`, and the quickstart beside its published figures."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

from speed.gpu.asked import Asked, Found

ROOT = Path(__file__).resolve().parents[2]
CLOSE = 5e-5
"""Published figures have four digits."""


def marked_tests(asked: Asked) -> Found:
    """Run the tests marked `gpu` and say how they end; all are skipped where there is none."""
    paths = sorted(
        path for path in (ROOT / "tests").rglob("test_*.py") if "pytest.mark.gpu" in path.read_text(encoding="utf-8")
    )
    chosen = [path for path in paths if "device" not in path.parent.name]
    command = [sys.executable, "-m", "pytest", "-q", "-m", "gpu", "-p", "no:cacheprovider", "--tb=short"]
    done = subprocess.run([*command, *map(str, chosen)], cwd=ROOT, capture_output=True, text=True, check=False)
    lines = done.stdout.splitlines()
    failed = [line for line in lines if line.startswith(("FAILED", "ERROR"))]
    end = lines[-1] if lines else done.stderr[-300:]
    return {"end": end, "error": "; ".join([end, *failed]) if done.returncode else None}


def quickstart(asked: Asked) -> Found:
    """The largest distance of a mean from the published one, and how many are beyond rounding."""
    with tempfile.TemporaryDirectory() as place:
        words = ["run", "quickstart", "--in-process", "--device", asked.device]
        words += ["--only", "mini/science/*/none", "--set", "analyzers=[]"] if asked.small else []
        done = subprocess.run(
            [sys.executable, "-m", "sparsebench", *words],
            cwd=place,
            env={**os.environ, "SPARSEBENCH_STORE": f"{place}/store"},
            capture_output=True,
            text=True,
            check=False,
        )
        records = [json.loads(path.read_text()) for path in Path(place).glob("runs/*/*/record.json")]
    by_figure = differences(records)
    worst = max(by_figure, key=lambda name: by_figure[name], default=None)
    failed = [str(record["error"]) for record in records if record["status"] != "ok"]
    return {
        "cells": len(records),
        "compared": len(by_figure),
        "beyond_rounding": sum(distance > CLOSE for distance in by_figure.values()),
        "worst": worst and {worst: by_figure[worst]},
        "error": "; ".join(failed) or done.stderr[-500:] if done.returncode else None,
    }


def differences(records: list[dict[str, Any]]) -> dict[str, float]:
    """Compute the distance of each figure from the published one."""
    lines = (ROOT / "leaderboards/quickstart/records.jsonl").read_text(encoding="utf-8").splitlines()
    published = {_cell(record): record["measures"] for record in map(json.loads, lines)}
    return {
        f"{' '.join(_cell(record))} {measure}": abs(value - published[_cell(record)][measure])
        for record in records
        if record["status"] == "ok" and _cell(record) in published
        for measure, value in record["measures"].items()
    }


def _cell(record: dict[str, Any]) -> tuple[str, ...]:
    return tuple(str(record["cell"][part]["label"]) for part in ("collection", "model", "postprocessor"))
