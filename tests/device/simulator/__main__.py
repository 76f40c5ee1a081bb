"""Run a command of sparsebench on the simulated device and say what it cost."""

from __future__ import annotations

import json
import sys
from pathlib import Path

from device.simulator.install import simulated
from sparsebench.cli import main as sparsebench


def main(words: list[str]) -> int:
    options = {}
    while words and words[0] in ("--json", "--memory"):
        options[words[0]], words = words[1], words[2:]
    with simulated(int(options.get("--memory", 0)), met=False) as counts:
        sys.argv = ["sparsebench", *words]
        try:
            status: int | str | None = sparsebench()
        except SystemExit as end:
            status = end.code
    if "--json" in options:
        Path(options["--json"]).write_text(json.dumps(counts.report(top=None)), encoding="utf-8")
    print(json.dumps(counts.report(), indent=1), file=sys.stderr)
    return int(status or 0)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
