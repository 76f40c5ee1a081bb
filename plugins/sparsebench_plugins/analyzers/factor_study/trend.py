"""The analyzer `factor_trend`: does wackiness go up or down with a factor of training (METHODS 2.6, H1 and H2)?"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from typing import Annotated, Literal

import numpy as np
from annotated_types import Gt

from sparsebench import Analysis, Json, NotApplicable, SuiteAnalyzer, SuiteContext
from sparsebench.plots import LEFT_OUT, can_draw
from sparsebench.statistics import blocks_needed, detectable_rise, holm, page_p, residual_deviation
from sparsebench_plugins.analyzers.factor_study.figure import Panel, draw_panels
from sparsebench_plugins.analyzers.factor_study.outcomes import (
    definitions,
    effectiveness,
    effectiveness_name,
    sparsity,
    table,
    w_auc,
)
from sparsebench_plugins.analyzers.factor_study.trainings import Training, collections, levels, only_factor, trainings
from sparsebench_plugins.analyzers.factor_study.trend_report import trend_summary
from sparsebench_plugins.analyzers.factor_study.verdict import Verdict, decide, t_interval
from sparsebench_plugins.analyzers.wackiness import first_robust

Direction = Literal["rises", "falls"]
Levels = Mapping[str, Mapping[str, Training]]


@dataclass(frozen=True)
class Trend:
    """Trend of an outcome in a collection over n seeds and k levels, in the direction of the hypothesis.

    means, deviations: (k,) over seeds. change: mean of last minus first level, with its 95 % `interval` over seeds.
    p: Page's, one-sided; p_holm: corrected over all tests but the declared one's own p. detectable: the change that
    this design finds with probability .8; seeds_for_change, seeds_for_margin: seeds that a change as found, or of the
    margin, asks for, None where 80 are too few or the change goes the other way.
    """

    outcome: str
    collection: str
    domain: str
    seeds: int
    means: tuple[float, ...]
    deviations: tuple[float, ...]
    change: float
    interval: tuple[float, float]
    p: float
    p_holm: float
    detectable: float
    seeds_for_change: int | None
    seeds_for_margin: int | None
    verdict: Verdict


@dataclass(frozen=True, kw_only=True)
class FactorTrend(SuiteAnalyzer):
    """Trend of W-AUC with a factor that a recipe varied, over training seeds (Page's trend test, seeds as blocks).

    Values: `factor`, `direction`, `levels`, `declared` {outcome, collection}, `margin`; `measure`: of effectiveness;
    `trends`: see Trend, the declared one first; `plot`: why there is no figure, or None. File: `trend.svg`.
    """

    factor: str | None = None
    """Key of the recipe's grid, by default the only one; models are its trainings, `checkpoint: recipe:FILE#*`."""

    direction: Direction = "rises"
    """Of the hypothesis."""

    outcome: str | None = None
    """The declared one, as `wackiness: robust`, by default the first robust one; all others are tested too."""

    collection: str | None = None
    """Where the outcome is declared, the first in-domain collection by default."""

    margin: Annotated[float, Gt(0)] = 0.006
    """The smallest change that matters."""

    def analyze(self, context: SuiteContext) -> Analysis:
        """Test the trend. Raises NotApplicable where the suite has too few levels or seeds, or lacks the declared
        outcome.
        """
        found = trainings(context.records)
        factor = self.factor or only_factor(found)
        of, domain_of = levels(found, factor), collections(found)
        declared = self.collection or next(iter(domain_of))
        known = definitions(found)
        outcome = self.outcome or first_robust(known)
        outcomes = [outcome, *(each for each in known if each != outcome)]
        places = [declared, *(label for label in domain_of if label != declared)]
        trends = _corrected(list(self._trends(of, outcomes, places, domain_of)))
        if not trends or (trends[0].outcome, trends[0].collection) != (outcome, declared):
            raise NotApplicable(f"{outcome!r} has no value for every training on {declared}")
        values: dict[str, Json] = {
            "factor": factor,
            "direction": self.direction,
            "levels": list(of),
            "declared": {"outcome": outcome, "collection": declared},
            "margin": self.margin,
            "measure": effectiveness_name(found),
            "trends": [asdict(trend) for trend in trends],
            "plot": None if can_draw() else LEFT_OUT,
        }
        files = {"trend.svg": _figure(outcome, factor, found, of, places)} if can_draw() else {}
        return Analysis(values, files, trend_summary(values, of, places))

    def _trends(
        self, of: Levels, outcomes: Sequence[str], places: Sequence[str], domain_of: Mapping[str, str]
    ) -> Iterator[Trend]:
        for outcome in outcomes:
            for label in places:
                if (values := table(of, label, w_auc(outcome))) is not None:
                    yield self._trend(outcome, label, domain_of[label], values)

    def _trend(self, outcome: str, collection: str, domain: str, values: np.ndarray) -> Trend:
        n, k = values.shape
        sign = 1 if self.direction == "rises" else -1
        changes, deviation, p = values[:, -1] - values[:, 0], residual_deviation(values), page_p(sign * values)
        low, high = t_interval(changes)
        return Trend(
            outcome=outcome,
            collection=collection,
            domain=domain,
            seeds=n,
            means=tuple(map(float, values.mean(axis=0))),
            deviations=tuple(map(float, values.std(axis=0, ddof=1))),
            change=float(changes.mean()),
            interval=(low, high),
            p=p,
            p_holm=p,
            detectable=detectable_rise(n, k, deviation),
            seeds_for_change=blocks_needed(sign * float(changes.mean()), k, deviation),
            seeds_for_margin=blocks_needed(self.margin, k, deviation),
            verdict=decide(sign * changes, p, margin=self.margin),
        )


def _figure(outcome: str, factor: str, found: Sequence[Training], of: Levels, places: Sequence[str]) -> str:
    """The declared outcome, effectiveness and L0 in every collection."""
    readers = {
        outcome: w_auc(outcome),
        effectiveness_name(found): effectiveness,
        "L0 of a query": sparsity("l0_query"),
        "L0 of a document": sparsity("l0_document"),
    }
    panels = []
    for name, read in readers.items():
        lines = {label: values for label in places if (values := table(of, label, read)) is not None}
        panels.append(Panel(f"W-AUC, {name}" if name == outcome else name, lines))
    return draw_panels([panel for panel in panels if panel.lines], list(of), factor=factor)


def _corrected(trends: Sequence[Trend]) -> list[Trend]:
    """Add Holm's correction over all trends."""
    corrected = holm(np.array([trend.p for trend in trends])).tolist() if trends else []
    return [replace(trend, p_holm=p) for trend, p in zip(trends, corrected, strict=True)]
