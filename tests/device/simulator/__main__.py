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
    with simulated(int(options.get("--memory", 0))) as counts:
        sys.argv = ["sparsebench", *words]
        try:
            status: int | str | None = sparsebench()
        except SystemExit as end:
            status = end.code
        told = json.dumps(counts.report(), indent=1)
    if "--json" in options:
        Path(options["--json"]).write_text(told, encoding="utf-8")
    print(told, file=sys.stderr)
    return int(status or 0)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
