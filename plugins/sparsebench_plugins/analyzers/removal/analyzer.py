"""The analyzer `removal`: score tokens, take them out of the test queries, measure."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, Literal

import numpy as np
from annotated_types import Ge

from sparsebench import Analysis, GroupAnalyzer, GroupContext, NotApplicable
from sparsebench.measures import FastMeasure, fast_measure
from sparsebench.plots import LEFT_OUT, can_draw
from sparsebench_plugins.analyzers.removal.effects import measure_effects
from sparsebench_plugins.analyzers.removal.figure import draw_removal
from sparsebench_plugins.analyzers.removal.orders import removal_grid, removal_steps
from sparsebench_plugins.analyzers.removal.queries import removal_queries
from sparsebench_plugins.analyzers.removal.report import curve_files, curves_table, effects_values, summary
from sparsebench_plugins.analyzers.wackiness import PRESETS, Sampling, why_too_few


@dataclass(frozen=True, kw_only=True)
class Removal(Sampling, GroupAnalyzer):
    """Test of whether removing the wackiest expansion tokens is harmful, against four controls (METHODS 2.5).

    Tokens are scored as by `wackiness`, with one of its presets, but never on test queries. At each K of a grid the
    first K of an order leave the queries' expansion; the index and the queries' own tokens stay. Arms: `wackiest`;
    `least_wacky`; `random` and `matched` (random among tokens that occur about as often as the wackiest), each
    `repetitions` times; `all_expansion`. The statistic of an arm is its mean effect over the grid on a log scale.

    Values: `scoring_queries` {source, n}; `preset`; `measure`; `tokens`: n scored; `tied_at_one`: how many of them
    never occur in a retrieved document, so that their order is that of their ids; `repetitions`; `grid`; `before`: the
    measure with nothing removed; `arms`, `p` and `per_query`, see `report`; `plot`: why there is none, or None.
    Files: `removal.csv`, `removal.svg`, and a curve file for each arm.
    """

    scoring_queries: Literal["auto", "train", "pseudo", "documents"] = "auto"
    preset: Literal["paper_code", "paper_formula", "robust"] = "robust"
    """How tokens are scored, as in `wackiness`."""

    measure: str = "nDCG@10"
    """What is measured after each removal."""

    repetitions: Annotated[int, Ge(999)] = 999
    """Random orders that the wackiest is compared with."""

    @property
    def measured(self) -> FastMeasure:
        """The measure. Raises MeasureError for one that cannot be computed fast enough."""
        return fast_measure(self.measure)

    def __post_init__(self) -> None:
        """Raise for parameters that do not go together, and for an unknown measure."""
        super().__post_init__()
        self.measured  # noqa: B018  says now what is wrong with its name

    def analyze(self, context: GroupContext) -> Analysis:
        """Score, remove, measure. Raises NotApplicable without query expansion and for fewer than 200 tokens."""
        material, preset, measure = self.gather(context), PRESETS[self.preset], self.measured
        scores, _ = self.score(material, preset)
        if reason := why_too_few(scores, preset, "removal"):
            raise NotApplicable(reason)
        grid = removal_grid(scores.terms.size)
        steps = removal_steps(scores, grid, repetitions=self.repetitions, seed=self.seed)
        queries = removal_queries(context, depth=measure.cutoff)
        effects = measure_effects(queries, scores.terms, steps, grid, measure)
        found = effects_values(effects, [query.query_id for query in context.test.queries])
        values = {
            "scoring_queries": {"source": material.source, "n": material.observations.n},
            "preset": self.preset,
            "measure": measure.name,
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
            files["removal.svg"] = draw_removal(values["grid"], found["arms"], measure=measure.name)
        return Analysis(values, files, summary(values))
