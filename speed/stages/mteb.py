"""A whole evaluation beside mteb's, from a BEIR folder to nDCG@10: stage `mteb`."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from speed.bench import Bench, Item, Missing
from speed.result import Result
from speed.stages.encode import checkpoint_folder
from speed.texts import MINI

STAGE, COLLECTION = "mteb", "scifact"
SUITE = """\
name: beside-mteb
measures: [nDCG@10]
depth: 1000
collections: [{{name: collection, beir: "{folder}", split: test}}]
models: [{{name: splade, checkpoint: "{checkpoint}", max_query_length: 256, max_document_length: 256}}]
postprocessors: [none]
"""


@dataclass(frozen=True)
class Cost:
    """Cost of a command with its own processes. seconds: wall. cpu: s. memory: peak of the largest one, MiB."""

    seconds: float
    cpu: float
    memory: float
    output: str


def items(bench: Bench) -> Iterator[Item]:
    """One evaluation each, one after the other, each in a new process with nothing kept from before."""
    place = Path(os.environ.get("SPARSEBENCH_DATA", "")) / COLLECTION
    folder = bench.size(place if (place / "corpus.jsonl").is_file() else MINI / "web", MINI / "web")
    checkpoint = checkpoint_folder(bench.checkpoint)
    with tempfile.TemporaryDirectory() as name:
        ours, figure = _ours(Path(name), folder, checkpoint)
        theirs = cost([sys.executable, "-m", "speed.stages.mteb_peer", str(folder), str(checkpoint)], Path.cwd())
    try:
        other = float(theirs.output.split()[-1])
    except (IndexError, ValueError):
        yield Missing(STAGE, "mteb", theirs.output.strip().splitlines()[-1] if theirs.output.strip() else "no answer")
        return
    note = f"nDCG@10 {figure:.4f} and {other:.4f}"
    for what, unit in (("seconds", "s"), ("cpu", "CPU s"), ("memory", "MiB at most")):
        subject = f"a whole evaluation of {folder.name}, {what}"
        yield Result(STAGE, subject, "mteb", getattr(ours, what), getattr(theirs, what), unit, note=note)


def _ours(place: Path, folder: Path, checkpoint: Path) -> tuple[Cost, float]:
    (place / "suite.yaml").write_text(SUITE.format(folder=folder.resolve(), checkpoint=checkpoint.resolve()))
    sparsebench = str(Path(sys.executable).with_name("sparsebench"))
    found = cost([sparsebench, "run", "suite.yaml", "--store", "store", "--quiet"], place)
    (record,) = place.glob("runs/beside-mteb/**/record.json")
    return found, float(json.loads(record.read_text())["measures"]["nDCG@10"])


def cost(command: Sequence[str], place: Path) -> Cost:
    """Run a command in a folder and return what it cost, with all processes that it waited for."""
    start = time.perf_counter()
    with tempfile.TemporaryFile() as output:
        process = subprocess.Popen(command, cwd=place, stdout=output, stderr=subprocess.STDOUT)
        _, process.returncode, usage = os.wait4(process.pid, 0)
        seconds = time.perf_counter() - start
        output.seek(0)
        said = output.read().decode(errors="replace")
    return Cost(seconds, usage.ru_utime + usage.ru_stime, usage.ru_maxrss / 1024, said)
