"""A whole `sparsebench run` beside the sum of its parts, and what start-up takes: stage `whole`."""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Mapping
from functools import partial
from pathlib import Path

from speed.bench import Bench, Item, Run
from speed.clock import seconds_of
from speed.result import Result
from speed.texts import Texts

SUITE = """\
name: {name}
measures: [nDCG@10, RR@10]
depth: 1000
collections: [{{name: texts, beir: {folder}/texts, split: test, domain: in}}]
models: [{{name: splade, checkpoint: "{checkpoint}"}}]
postprocessors: [none]
analyzers: [{analyzers}]
"""
WACKINESS = "{{name: wackiness, scoring_queries: pseudo, sample: {sample}, depth: 100}}"
TORCH = "python -c 'import torch'"


def items(bench: Bench) -> Iterator[Item]:
    """A run from texts to leaderboard, wackiness beside it, then commands that need no model."""
    documents, queries = bench.size((93_000, 1_000), (300, 50))
    sample = min(10_000, documents)
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        write_collection(folder / "texts", bench.texts, documents, queries)
        wall, parts = _run(folder, bench.checkpoint, "whole", "")
        yield Result(
            stage="whole",
            subject=f"sparsebench run, {documents:,} passages, {queries:,} queries",
            peer="the sum of its parts",
            ours=wall,
            theirs=sum(parts.values()),
            unit="s",
            note=", ".join(f"{stage} {seconds:.1f}" for stage, seconds in parts.items()),
        )
        _, parts = _run(folder, bench.checkpoint, "wackiness", WACKINESS.format(sample=sample))
        yield Result(
            stage="whole",
            subject=f"wackiness, {sample:,} queries x 100 documents",
            peer="a minute",
            ours=parts["wackiness"],
            theirs=60.0,
            unit="s",
            note="pseudo-queries, encoded and searched with",
        )
        yield from _start_up(bench, folder)


def _run(folder: Path, checkpoint: str, name: str, analyzers: str) -> tuple[float, Mapping[str, float]]:
    """Seconds of a run, and of its parts."""
    _write_suite(folder, checkpoint, name, analyzers)
    wall = seconds_of(_command(folder, "run", "--store", "store", f"{name}.yaml"))
    (record,) = folder.glob(f"runs/{name}/**/record.json")
    return wall, json.loads(record.read_text())["costs"]["seconds"]


def _write_suite(folder: Path, checkpoint: str, name: str, analyzers: str = "") -> None:
    suite = SUITE.format(name=name, folder=folder, checkpoint=checkpoint, analyzers=analyzers)
    (folder / f"{name}.yaml").write_text(suite)


def _start_up(bench: Bench, folder: Path) -> Iterator[Item]:
    _write_suite(
        folder, bench.checkpoint, "planned"
    )  # of a suite that was run there is nothing left to plan: exit code 5
    for command in (["--help"], ["plan", "--store", "store", "planned.yaml"], ["report", "whole"]):
        yield from bench.compare(
            stage="whole",
            subject=f"sparsebench {command[0]}",
            unit="s",
            value=lambda seconds: seconds,
            ours=_command(folder, *command),
            peers={TORCH: lambda: partial(_quiet, folder, sys.executable, "-c", "import torch")},
        )


def _command(folder: Path, *words: str) -> Run:
    return partial(_quiet, folder, str(Path(sys.executable).with_name("sparsebench")), *words)


def _quiet(folder: Path, *words: str) -> None:
    subprocess.run(words, cwd=folder, check=True, capture_output=True)


def write_collection(folder: Path, texts: Texts, documents: int, queries: int) -> None:
    """A BEIR folder; each query has one relevant document, whichever."""
    (folder / "qrels").mkdir(parents=True)
    parts = {"corpus": texts.crossed_documents(documents), "queries": texts.queries[:queries]}
    for name, entries in parts.items():
        lines = (json.dumps({"_id": f"{name[0]}{number}", "text": text}) for number, text in enumerate(entries))
        (folder / f"{name}.jsonl").write_text("\n".join(lines) + "\n", encoding="utf-8")
    rows = [f"q{number}\tc{number}\t1" for number in range(len(parts["queries"]))]
    (folder / "qrels" / "test.tsv").write_text("\n".join(["query-id\tcorpus-id\tscore", *rows]) + "\n")
