"""Targets of speed, each beside what was measured."""

from __future__ import annotations

import math
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Literal

from speed.result import Result


@dataclass(frozen=True)
class Target:
    """A ratio, or a share of the machine's limit, that the worst of some results must reach.

    stage, subject, peer: patterns that match the whole of a result's own; a peer of None is matched by "". why: what
    holds it back where it is not reached.
    """

    what: str
    kind: Literal["ratio", "limit_share"]
    least: float
    stage: str
    subject: str
    peer: str = ".*"
    why: str = ""

    def worst(self, results: Sequence[Result]) -> Result | None:
        """Return the worst of the results that it is about; None where nothing was measured."""
        own = [result for result in results if self._about(result) and getattr(result, self.kind) is not None]
        return min(own, key=self.measured, default=None)

    def measured(self, result: Result) -> float:
        """The ratio or share that a result has."""
        return float(getattr(result, self.kind))

    def reason(self, result: Result) -> str:
        """Say why a result misses it: where a ratio would be less even at 100 % of the machine's limit, this."""
        possible = math.inf
        if self.kind == "ratio" and result.limit_share and result.ratio is not None:
            possible = result.ratio / result.limit_share
        if possible < self.least:
            return f"at 100 % of this machine's limit it would be {possible:.1f}"
        return self.why

    def shown(self, figure: float) -> str:
        """A figure of its kind."""
        return f"{figure:.0%}" if self.kind == "limit_share" else f"{figure:.3g}x"

    def _about(self, result: Result) -> bool:
        pairs = ((self.stage, result.stage), (self.subject, result.subject), (self.peer, result.peer or ""))
        return all(re.fullmatch(pattern, text) for pattern, text in pairs)


DEFAULT = "sentence-transformers SparseEncoder"
EXACT = "splade-index.*|sparse_dot_topn|scipy|torch"
WITHIN_4 = "search within 4 times the reading of its postings"
NUMBA = r".*, numba( \(auto\))?"
BODY = "attention, norms, activations and the tokenizer are no products: see `tokens and body alone`"
NO_TILES = "this CPU has no tiles for bfloat16; where it has them `auto` takes this engine"
SMALL = "what does not grow with D: selecting and ordering k documents costs more than reading the postings"
TARGETS = (
    Target("passages: 6x sentence-transformers", "ratio", 6, "encode_documents", ".*auto.*", DEFAULT),
    Target("queries: 12x sentence-transformers", "ratio", 12, "encode_queries", ".*auto.*", DEFAULT, BODY),
    Target("passages in float32: 6x", "ratio", 6, "encode_documents", NUMBA, DEFAULT, BODY),
    Target("queries in float32: 12x", "ratio", 12, "encode_queries", NUMBA, DEFAULT, BODY),
    Target("passages in float32: 70 % of products", "limit_share", 0.7, "encode_documents", NUMBA, why=BODY),
    Target("passages with bfloat16: 14x", "ratio", 14, "encode_documents", ".*, exact_bf16.*", DEFAULT, NO_TILES),
    Target("peak memory: half of sentence-transformers'", "ratio", 2, "encode_documents", "peak memory.*"),
    Target(
        "queries, 6 x 768: 2x sentence-transformers",
        "ratio",
        2,
        "encode_sizes",
        "6 x 768, .*queries, .*auto.*",
        DEFAULT,
    ),
    Target("queries, 6 x 768: 70 % of float32 products", "limit_share", 0.7, "encode_sizes", "6 x 768, .*queries, .*"),
    Target("BM25 over 1 M passages: half of splitting twice", "ratio", 2, "bm25", ".*fit and encode", "split twice.*"),
    Target("search: the fastest exact engine at every D and k", "ratio", 1, "search", "D = .*", EXACT),
    *(
        Target(f"{WITHIN_4}, D = {size}", "limit_share", 0.25, "search", f"D = {size}, k = .*", why=SMALL)
        for size in ("10,000", "30,000", "93,000", "200,000")
    ),
    Target(
        "a round up to 100 MB: 80 % of reading",
        "limit_share",
        0.8,
        "sinkhorn",
        "1,000 x .*, one round of many",
        why="one thread reads a matrix of 4 MB, for calling a second takes as long; cold after the turns of peers",
    ),
    Target("a round of GBs: 50 % of reading", "limit_share", 0.5, "sinkhorn", "10,000 x .*, one round of many"),
    Target("a streamed round: within 2 passes of search", "ratio", 0.5, "sinkhorn", ".* round streamed", ".*search.*"),
    Target("exact ranks: 1.3 times float32 alone", "ratio", 1 / 1.3, "exact_ranks", ".*rankings"),
    Target("append: 400x query by query", "ratio", 400, "sinkhorn_single_query", "append.*", "torch.*"),
    Target("wackiness, 10,000 x 100: a minute", "ratio", 1, "whole", "wackiness, 10,000 .*"),
    Target("a whole evaluation: faster than mteb", "ratio", 1, "mteb", ".*seconds", "mteb"),
    Target("a run: within 10 % of the sum of its parts", "ratio", 1 / 1.1, "whole", "sparsebench run.*"),
)


def target_table(results: Sequence[Result]) -> Iterator[str]:
    """Markdown: each target, the worst figure measured, and whether it is met."""
    yield "| target | at least | measured | met | at its worst |"
    yield "|---|---:|---:|---|---|"
    for target in TARGETS:
        worst = target.worst(results)
        if worst is None:
            yield f"| {target.what} | {target.shown(target.least)} | | not measured | |"
            continue
        yield "| " + " | ".join(_cells(target, worst)) + " |"


def _cells(target: Target, worst: Result) -> tuple[str, ...]:
    figure = target.measured(worst)
    met = figure >= target.least
    where = worst.subject + (f" beside {worst.peer}" if worst.peer and target.kind == "ratio" else "")
    reason = "" if met else target.reason(worst)
    shown = target.shown(target.least), target.shown(figure)
    return target.what, *shown, "yes" if met else "**no**", "; ".join(filter(None, (where, reason)))
