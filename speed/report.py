"""RESULTS.md: for people."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from itertools import groupby
from pathlib import Path

from speed.bench import Bench, Item, Missing
from speed.growth import Growth
from speed.result import Result
from speed.targets import target_table

ABOUT = """\
Ours and every peer ran in turn in one process, so that a machine that slows down for a while slows them all; figures
are medians, ± half the distance of the quartiles. *Ratio* is how many times better ours is. *Of the limit* is what ours
reaches of what this machine could do at best: products of matrices for encoding (for `exact_bf16` and `exact_int8`
those of the decoder in their precision) and for queries that join a bank, bytes read for search (6 a posting) and for a
round of Sinkhorn (each score once). Engines of encoders agree within 1e-5, whatever they compute in; *auto* is the one
that this machine takes by itself. Written by `make bench`.
"""


def write_markdown(path: Path, items: Sequence[Item], machine: Mapping[str, str], bench: Bench) -> None:
    """Machine, targets, one table a stage, growth, who is missing."""
    results = [item for item in items if isinstance(item, Result)]
    lines = ["# Speed" + (" (quick: small sizes, few repetitions)" if bench.quick else ""), "", ABOUT]
    lines += [f"- {name}: {value}" for name, value in machine.items()]
    limits = bench.limits
    lines += [
        f"- limits: {limits.gemm / 1e9:,.0f} GFLOP/s in float32, {limits.gemm_bf16 / 1e9:,.0f} in bfloat16, "
        f"{limits.gemm_int8 / 1e9:,.0f} in integers of 8 bits, {limits.read / 1e9:.1f} GB/s read",
        f"- texts: {bench.texts.source}",
        "",
        "## Targets",
        "",
        *(["They are meant for full sizes: at small ones fixed costs weigh more.", ""] if bench.quick else []),
        *target_table(results),
        "",
    ]
    for stage, own in groupby(results, key=lambda result: result.stage):
        lines += [f"## {stage}", "", *_table(list(own)), ""]
    lines += _growth([item for item in items if isinstance(item, Growth)])
    lines += _missing([item for item in items if isinstance(item, Missing)])
    path.write_text("\n".join(lines).rstrip() + "\n", encoding="utf-8")


def _table(results: Sequence[Result]) -> Iterator[str]:
    yield "| subject | peer | ours | theirs | unit | ratio | of the limit | |"
    yield "|---|---|---:|---:|---|---:|---:|---|"
    for result in results:
        ours = _figure(result.ours, result.spread[0])
        theirs = "" if result.theirs is None else _figure(result.theirs, result.spread[1])
        ratio = "" if result.ratio is None else f"**{result.ratio:.2f}**"
        share = "" if result.limit_share is None else f"{result.limit_share:.0%}"
        cells = (result.subject, result.peer or "", ours, theirs, result.unit, ratio, share, result.note)
        yield "| " + " | ".join(cells) + " |"


def _figure(value: float, spread: float | None) -> str:
    number = f"{value:.3g}" if value < 1000 else f"{value:,.0f}"
    return f"{number} ± {spread:.0%}" if spread else number


def _growth(found: Sequence[Growth]) -> Iterator[str]:
    if not found:
        return
    yield from ("## Growth", "", "Cost grows with the power shown: 1 is in proportion.", "")
    yield from ("| stage | letter | power | costs |", "|---|---|---:|---|")
    for growth in found:
        costs = ", ".join(f"{size:,}: {cost:.3g}" for size, cost in growth.costs.items())
        yield f"| {growth.stage} | {growth.letter} | {growth.power:.2f} | {costs} ({growth.unit}) |"
    yield ""


def _missing(found: Sequence[Missing]) -> Iterator[str]:
    if found:
        yield "## Could not take part"
        yield ""
        yield from sorted({f"- {missing.peer} ({missing.stage}): {missing.why}" for missing in found})
