"""speed/GPU.md, from what a check found, or from why there was none."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from speed.gpu.asked import Found

NOT_RUN = """# On a GPU: not run

Not run: no GPU was at hand when this was written. So there is no figure of one here, neither ours nor a rival's, and no
target of the GPU path is claimed to be reached. `make gpu-check` on a machine with one fills this page: the limits of
the card, ours beside sentence-transformers on it, and shares of the limit.
"""

SMALL = """# The check of a GPU, tried small

This tried the check itself, on `{device}` with everything tiny. **No figure here says anything of a GPU.**
"""

RUN = """# On a GPU: {name}

Measured by `make gpu-check` on {date}, with torch {torch}, CUDA {cuda}, driver {driver}. Rivals took turns; medians.
"""

COUNTS = """
## Simulated, not measured

Counts on the simulated device (`tests/device/`). They are asserted there, and say nothing of seconds:

| simulated count | asserted |
|---|---|
| waits of the host a batch, encoder | at most 3 |
| copies to the host a batch, encoder | at most 3 (1 of vectors), 1 to the device |
| uploads of an index | 1; a second search uploads the queries alone |
| what a search brings back | 8 bytes a query and rank, no scores |
| device memory traffic of all scores, plain torch | below 700 bytes a pair of a query and a document |
| waits of the host a batch, gradients of the decoder in training | 1 |
"""

BF16, COPY = "products in bfloat16, operations/s", "copy, bytes/s"


def page(found: Found | None) -> str:
    """The page of a check; None where none could run."""
    if found is None:
        return NOT_RUN + COUNTS
    head = SMALL if found["small"] else RUN
    parts = [head.format(**found), *_sections(found)]
    return "\n".join(part.strip() + "\n" for part in parts) + COUNTS


def _sections(found: Found) -> Iterator[str]:
    for name, of in SECTIONS.items():
        stage = found.get(name)
        if stage is None:
            continue
        broken = stage.get("error")
        yield f"## {name.capitalize()}\n\n" + (f"Failed: {broken}" if broken else of(stage, found))


def _limits(stage: Found, _: Found) -> str:
    return _table(["limit", "measured"], [[name, f"{value:.3g}"] for name, value in stage.items()])


def _told(stage: Found, _: Found) -> str:
    return "\n".join(f"* {name}: {value}" for name, value in stage.items() if value not in (None, [], {}))


def _encode(stage: Found, found: Found) -> str:
    limit = None if found["small"] else found.get("limits", {}).get(BF16)
    peers = [each["per_second"] for name, each in stage["rivals"].items() if _fastest_peer(name, each)]
    ours = stage["rivals"].get("ours, bfloat16", {}).get("per_second")
    targets = []
    if ours and limit:
        share = stage["operations"] / stage["texts"] * ours / limit
        targets.append(f"Ours in bfloat16: {share:.1%} of the card's bfloat16 products (target: 40 % on an H100).")
    if ours and peers and not found["small"]:
        targets.append(f"{ours / max(peers):.1f} times sentence-transformers in bfloat16 (target: 5).")
    moved = ", ".join(f"{name} {value:.1e}" for name, value in stage["moved"].items())
    told = f"{stage['texts']} texts, {stage['tokens']} tokens, {stage['active']:.0f} active dimensions each."
    return "\n\n".join([told, _rivals(stage["rivals"], "texts/s"), *targets, f"Largest move of a weight: {moved}."])


def _fastest_peer(name: str, each: Mapping[str, Any]) -> bool:
    return name.startswith("sentence-transformers, bfloat16") and "per_second" in each


def _search(stage: Found, found: Found) -> str:
    told = f"{stage['queries']} queries, {stage['documents']} documents, k = {stage['k']}; {stage['engine']}."
    same = "are" if stage["same_bytes"] else "**are not**"
    lines = [told, _rivals(stage["rivals"], "queries/s"), f"Documents and scores {same} the bytes of the CPU's."]
    there, here = (stage["rivals"][f"ours on the {where}"].get("median") for where in ("device", "CPU"))
    if there and here and not found["small"]:
        lines.append(f"{here / there:.1f} times the CPU index of the same machine (target: 10).")
    return "\n\n".join([*lines, *_of_reading(stage, found)])


def _sinkhorn(stage: Found, found: Found) -> str:
    off = ", ".join(f"{name} {value:.1e}" for name, value in stage["off"].items())
    told = f"{stage['queries']} queries, {stage['documents']} documents, ten rounds."
    parts = [told, _rivals(stage["rivals"], "rounds/s"), *_of_reading(stage, found)]
    return "\n\n".join([*parts, f"Off the CPU's potentials, in units of scores: {off}."])


def _of_reading(stage: Found, found: Found) -> list[str]:
    """Say how many times as long it takes as reading what has to be read."""
    limit = None if found["small"] else found.get("limits", {}).get(COPY)
    return [
        f"{name}: {each['median'] * limit / stage['bytes']:.1f} times as long as reading {stage['bytes']:.3g} bytes."
        for name, each in stage["rivals"].items()
        if limit and "median" in each and name.startswith("ours on the device")
    ]


def _rivals(rivals: Mapping[str, Found], unit: str) -> str:
    rows = [
        [name, each["error"], "", ""]
        if "error" in each
        else [name, f"{each['median']:.4g}", f"{each['per_second']:.4g}", str(each["peak_mib"] or "")]
        for name, each in rivals.items()
    ]
    return _table(["", "seconds", unit, "peak MiB"], rows)


def _table(heads: list[str], rows: list[list[str]]) -> str:
    lines = [heads, ["---"] * len(heads), *rows]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)


SECTIONS = {
    "limits": _limits,
    "tests": _told,
    "quickstart": _told,
    "encode": _encode,
    "search": _search,
    "sinkhorn": _sinkhorn,
}
