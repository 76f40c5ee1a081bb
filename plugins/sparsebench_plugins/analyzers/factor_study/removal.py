"""The analyzer `factor_removal`: does removing wacky tokens hurt more in-domain than out of it (METHODS 2.6, H3)?"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Annotated

import numpy as np
from annotated_types import Gt

from sparsebench import Analysis, Json, NotApplicable, Record, SuiteAnalyzer, SuiteContext
from sparsebench.plots import LEFT_OUT, can_draw
from sparsebench.statistics import holm, minimal_detectable_difference
from sparsebench_plugins.analyzers.factor_study.figure import Panel, draw_panels
from sparsebench_plugins.analyzers.factor_study.outcomes import beyond_matched, table
from sparsebench_plugins.analyzers.factor_study.removal_report import removal_summary
from sparsebench_plugins.analyzers.factor_study.trainings import Training, collections, conditions, trainings
from sparsebench_plugins.analyzers.factor_study.verdict import Verdict, decide, t_interval
from sparsebench_plugins.analyzers.removal import label_of_study

ALL = "all conditions"


@dataclass(frozen=True)
class Interaction:
    """Interaction of a condition over n seeds: (wackiest - matched random) in-domain minus the same out-of-domain, each
    a mean over its collections; below 0 the wackiest tokens are missed more in-domain. interval: Student's, 95 %, over
    seeds. p: of the t test that the mean is below 0. detectable: the effect that a two-sided t test finds with
    probability .8.
    """

    condition: str
    seeds: int
    in_domain: float
    out_of_domain: float
    interaction: float
    interval: tuple[float, float]
    p: float
    p_holm: float
    detectable: float | None
    verdict: Verdict


@dataclass(frozen=True, kw_only=True)
class FactorRemoval(SuiteAnalyzer):
    """Test of whether the wackiest tokens are missed more in the training domain than out of it, over training seeds.

    The declared test is that of the mean over all conditions, seed by seed.

    Values: `measure`, `margin`; `interactions`: see Interaction, the declared one first; `left_out`: conditions
    without a removal study somewhere, with the reason; `plot`: why there is no figure, or None. File: `removal.svg`.
    """

    removal: str | None = None
    """The label of the removal study; by default that of the suite's only one."""

    margin: Annotated[float, Gt(0)] = 0.005
    """The smallest interaction that matters."""

    def analyze(self, context: SuiteContext) -> Analysis:
        """Test the interaction.

        Raises NotApplicable where there is no training, a domain is missing, or no condition was studied whole.
        """
        found = trainings(context.records)
        of, domain_of = conditions(found), collections(found)
        if not {"in", "out"} <= set(domain_of.values()):
            raise NotApplicable("an interaction needs collections of both domains")
        label = label_of_study(context.records, self.removal)
        if label is None:
            raise NotApplicable("no record has a removal study")
        effects = {condition: _effects(label, seeds, domain_of) for condition, seeds in of.items()}
        studied = {condition: found for condition, found in effects.items() if found is not None}
        if not studied:
            raise NotApplicable(f"no condition has the analysis {label!r} on every collection and seed")
        interactions = self._tested(studied)
        left_out = {condition: _reason(label, of[condition]) for condition in effects.keys() - studied.keys()}
        values: dict[str, Json] = {
            "measure": _measure(label, context.records),
            "margin": self.margin,
            "interactions": [asdict(each) for each in interactions],
            "left_out": dict(sorted(left_out.items())),
            "plot": None if can_draw() else LEFT_OUT,
        }
        files = {"removal.svg": _figure(studied)} if can_draw() else {}
        return Analysis(values, files, removal_summary(values, domain_of))

    def _tested(self, studied: Mapping[str, np.ndarray]) -> list[Interaction]:
        """The mean over conditions, then each of them with Holm's correction among themselves."""
        declared = self._interaction(ALL, np.mean(list(studied.values()), axis=0))
        single = [self._interaction(condition, effects) for condition, effects in studied.items()]
        corrected = holm(np.array([each.p for each in single])).tolist()
        return [
            declared,
            *(Interaction(**{**asdict(each), "p_holm": float(p)}) for each, p in zip(single, corrected, strict=True)),
        ]

    def _interaction(self, condition: str, effects: np.ndarray) -> Interaction:
        from scipy import stats

        inside, outside = effects
        differences = inside - outside
        p = float(stats.ttest_1samp(differences, 0.0, alternative="less").pvalue)
        return Interaction(
            condition=condition,
            seeds=differences.size,
            in_domain=float(inside.mean()),
            out_of_domain=float(outside.mean()),
            interaction=float(differences.mean()),
            interval=t_interval(differences),
            p=p,
            p_holm=p,
            detectable=minimal_detectable_difference(differences),
            verdict=decide(-differences, p, margin=self.margin),
        )


def _effects(label: str, seeds: Mapping[str, Training], domain_of: Mapping[str, str]) -> np.ndarray | None:
    """Return in-domain and out-of-domain statistics (2, n seeds); None where a collection of either has none."""
    read, one = beyond_matched(label), {"": seeds}
    by_domain: dict[str, list[np.ndarray]] = {"in": [], "out": []}
    for collection, domain in domain_of.items():
        if domain not in by_domain:
            continue
        if (values := table(one, collection, read)) is None:
            return None
        by_domain[domain].append(values[:, 0])
    return np.array([np.mean(of, axis=0) for of in by_domain.values()])


def _measure(label: str, records: Sequence[Record]) -> str:
    return next(str(found["measure"]) for each in records if "measure" in (found := each.analysis.get(label, {})))


def _reason(label: str, seeds: Mapping[str, Training]) -> str:
    reasons = (
        record.analysis.get(label, {}).get("not_applicable")
        for training in seeds.values()
        for record in training.records.values()
    )
    return next((reason for reason in reasons if reason), "not every collection has it")


def _figure(studied: Mapping[str, np.ndarray]) -> str:
    names: Sequence[str] = list(studied)
    stacked = np.array(list(studied.values()))  # (conditions, 2, seeds)
    panels = [
        Panel("wackiest − matched random", {"in-domain": stacked[:, 0].T, "out-of-domain": stacked[:, 1].T}),
        Panel("in − out", {"interaction": (stacked[:, 0] - stacked[:, 1]).T}),
    ]
    return draw_panels(panels, [name.partition("[")[2].removesuffix("]") for name in names], factor="condition")
