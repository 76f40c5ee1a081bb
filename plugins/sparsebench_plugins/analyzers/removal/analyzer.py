"""The analyzer `removal`: score tokens, take them out of the test queries, measure."""

from __future__ import annotations

from typing import Annotated, Literal

import numpy as np
from annotated_types import Ge, Gt

from sparsebench import Analysis, GroupAnalyzer, GroupContext, NotApplicable, PluginError
from sparsebench.measures import fast_measure
from sparsebench.plots import LEFT_OUT, can_draw
from sparsebench_plugins.analyzers.removal.effects import measure_effects
from sparsebench_plugins.analyzers.removal.figure import draw_removal
from sparsebench_plugins.analyzers.removal.orders import removal_grid, removal_steps
from sparsebench_plugins.analyzers.removal.queries import removal_queries
from sparsebench_plugins.analyzers.removal.report import curve_files, curves_table, effects_values, summary
from sparsebench_plugins.analyzers.wackiness import (
    FEWEST_ROBUST,
    NORMALISERS,
    PAPER_CODE,
    PAPER_FORMULA,
    ROBUST,
    Ranker,
    TokenScores,
    draw,
    gather,
    score,
)

PRESETS = {"paper_code": PAPER_CODE, "paper_formula": PAPER_FORMULA, "robust": ROBUST}


class Removal(GroupAnalyzer):
    """Whether the wackiest expansion tokens are harmful to remove, against four controls (METHODS 2.5).

    Tokens are scored as by `wackiness`, with one of its presets and the same `scoring_queries`, `sample`, `depth`,
    `ranker` and `min_occurrences`, but never on test queries. At each K of a grid the first K of an order leave the
    queries' expansion; the index and the queries' own tokens stay. Arms: `wackiest`; `least_wacky`; `random` and
    `matched` (random among tokens that occur about as often as the wackiest), each `repetitions` times;
    `all_expansion`. The statistic of an arm is its mean effect over the grid on a log scale.

    Values: `scoring_queries` {source, n}; `preset`; `measure`; `tokens`: n scored; `tied_at_one`: how many of them
    never occur in a retrieved document, so that their order is that of their ids; `repetitions`; `grid`; `before`: the
    measure with nothing removed; `arms`, `p` and `per_query`, see `report`; `plot`: why there is none, or None.
    Files: `removal.csv`, `removal.svg`, and a curve file for each arm.
    """

    def __init__(
        self,
        *,
        preset: Literal["paper_code", "paper_formula", "robust"] = "robust",
        scoring_queries: Literal["auto", "train", "pseudo", "documents"] = "auto",
        sample: Annotated[int, Gt(0)] = 10_000,
        depth: Annotated[int, Gt(0)] = 100,
        ranker: Ranker = "self",
        min_occurrences: Annotated[int, Gt(0)] = 4,
        measure: str = "nDCG@10",
        repetitions: Annotated[int, Ge(999)] = 999,
        seed: Annotated[int, Ge(0)] = 0,
    ):
        if ranker == "qrels" and scoring_queries in ("pseudo", "documents"):
            raise PluginError(
                f"removal: ranker: qrels needs judged scoring queries, scoring_queries: {scoring_queries} have no "
                "judgments; use train"
            )
        self.preset, self.measure = preset, fast_measure(measure)
        self.scoring_queries, self.sample, self.depth, self.ranker = scoring_queries, sample, depth, ranker
        self.min_occurrences, self.repetitions, self.seed = min_occurrences, repetitions, seed

    def analyze(self, context: GroupContext) -> Analysis:
        """Score, remove, measure. Raises NotApplicable without query expansion and for fewer than 200 tokens."""
        if not context.expands_queries:
            raise NotApplicable("the query side does not expand: a query's active dimensions are its own tokens")
        scoring = draw(context, choice=self.scoring_queries, size=self.sample, seed=self.seed)
        material = gather(context, scoring, ranker=self.ranker, depth=self.depth)
        scale = material.scale(PRESETS[self.preset], min_occurrences=self.min_occurrences)
        scores = score(material.observations, PRESETS[self.preset], scale)
        if reason := why_not(scores, NORMALISERS[PRESETS[self.preset].normaliser]):
            raise NotApplicable(reason)
        grid = removal_grid(scores.terms.size)
        steps = removal_steps(scores, grid, repetitions=self.repetitions, seed=self.seed)
        queries = removal_queries(context, depth=self.measure.cutoff)
        effects = measure_effects(queries, scores.terms, steps, grid, self.measure)
        found = effects_values(effects, [query.query_id for query in context.test.queries])
        values = {
            "scoring_queries": {"source": scoring.source, "n": len(scoring.queries)},
            "preset": self.preset,
            "measure": self.measure.name,
            "tokens": int(scores.terms.size),
            "tied_at_one": int(np.count_nonzero(scores.utilities == 0)),
            "repetitions": self.repetitions,
            "grid": grid.tolist(),
            "plot": None if can_draw() else LEFT_OUT,
            **found,
        }
        files = {
            "removal.csv": curves_table(values["grid"], found["arms"]),
            **curve_files(values["grid"], found["arms"]),
        }
        if can_draw():
            files["removal.svg"] = draw_removal(values["grid"], found["arms"], measure=self.measure.name)
        return Analysis(values, files, summary(values))


def why_not(scores: TokenScores, normaliser: str) -> str | None:
    """Why these tokens cannot be told apart well enough to remove them, or None."""
    n = scores.terms.size
    if n < FEWEST_ROBUST:
        return f"{n} tokens were scored, removal needs {FEWEST_ROBUST}"
    return f"{normaliser} of the utilities is 0" if scores.normaliser == 0 else None
