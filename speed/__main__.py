"""python -m speed [--quick] [--stage NAME …]: measure, and write RESULTS.md and results.json."""

from __future__ import annotations

import argparse
import importlib
import sys
import time
import traceback
import warnings
from collections.abc import Iterator
from pathlib import Path

from speed.bench import Bench, Item, Missing
from speed.machine import describe, measure_limits
from speed.report import write_markdown
from speed.result import Result, write_json

HERE = Path(__file__).parent
STAGES = (
    "encode",
    "encode_sizes",
    "bm25",
    "search",
    "sinkhorn",
    "sinkhorn_single_query",
    "exact_ranks",
    "measure",
    "whole",
    "mteb",
)


def main() -> None:
    """Run the stages asked for."""
    parser = argparse.ArgumentParser(prog="python -m speed", description=__doc__)
    parser.add_argument("--quick", action="store_true", help="everything small, in less than five minutes")
    parser.add_argument("--stage", action="append", choices=STAGES, help="only this one; may be given again")
    parser.add_argument("--checkpoint", default="package:cognition/model", help="the SPLADE to encode with")
    parser.add_argument("--out", type=Path, default=HERE, help="folder of RESULTS.md and results.json")
    asked = parser.parse_args()
    warnings.filterwarnings("ignore")  # peers warn of much that is no concern of a reader of figures
    machine = describe()
    bench = Bench(asked.quick, asked.checkpoint, measure_limits())
    asked.out.mkdir(parents=True, exist_ok=True)
    items: list[Item] = []
    start = time.perf_counter()
    for stage in asked.stage or STAGES:
        for item in of_stage(stage, bench):
            say(f"  {item}")
            items.append(item)
        say(f"{stage} is done ({time.perf_counter() - start:.0f} s so far)")
        write_json(asked.out / "results.json", [item for item in items if isinstance(item, Result)])
        write_markdown(asked.out / "RESULTS.md", items, machine, bench)
    say(f"{asked.out / 'RESULTS.md'} is written")


def of_stage(stage: str, bench: Bench) -> Iterator[Item]:
    """Yield what a stage finds until it fails, if it does: the others are worth having without it."""
    try:
        yield from importlib.import_module(f"speed.stages.{stage}").items(bench)
    except Exception as error:
        traceback.print_exc()
        yield Missing(stage, "all that is not shown", f"{type(error).__name__}: {error}")


def say(line: str) -> None:
    """Write a line to the error stream, at once."""
    sys.stderr.write(line + "\n")
    sys.stderr.flush()


if __name__ == "__main__":
    main()
