"""The analyzer `factor_definitions`: does every definition order trained models alike (METHODS 2.6, H5)?"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Annotated

import numpy as np
from annotated_types import Ge, Le

from sparsebench import Analysis, Json, NotApplicable, SuiteAnalyzer, SuiteContext
from sparsebench.plots import LEFT_OUT, can_draw
from sparsebench.statistics import kendall_tau
from sparsebench_plugins.analyzers.factor_study.definitions_report import definitions_summary
from sparsebench_plugins.analyzers.factor_study.figure import Panel, draw_panels
from sparsebench_plugins.analyzers.factor_study.outcomes import definitions, table, w_auc
from sparsebench_plugins.analyzers.factor_study.trainings import Training, collections, conditions, trainings
from sparsebench_plugins.analyzers.factor_study.verdict import t_interval
from sparsebench_plugins.analyzers.wackiness import first_robust


@dataclass(frozen=True)
class Agreement:
    """Kendall's tau of the order of conditions under a definition with the reference's, in a collection: `tau` of the
    means over seeds, `by_seed` (n,) with Student's 95 % `interval`. between_seeds: the mean tau of two seeds' orders
    under this definition alone, which is as much agreement as could be expected."""

    definition: str
    collection: str
    conditions: int
    tau: float
    by_seed: tuple[float, ...]
    interval: tuple[float, float]
    between_seeds: float


@dataclass(frozen=True, kw_only=True)
class FactorDefinitions(SuiteAnalyzer):
    """Agreement of a suite's definitions of wackiness on the order of conditions, over training seeds.

    Values: `reference`, `agreed`, `agreements`: see Agreement; `verdict` and `share`: of the comparisons, how many
    have an interval above `agreed`, below, or across it; `plot`. File: `definitions.svg`.
    """

    reference: str | None = None
    """The definition that all others are compared with, as `wackiness: robust`; by default the first robust one."""

    agreed: Annotated[float, Ge(-1), Le(1)] = 0.7
    """The tau that is called robust; a 95 % interval that lies below is called not robust."""

    def analyze(self, context: SuiteContext) -> Analysis:
        """Compare the definitions.

        Raises NotApplicable where fewer than three conditions can be ordered by the reference.
        """
        found = trainings(context.records)
        of, places = conditions(found), list(collections(found))
        known = definitions(found)
        reference = self.reference or first_robust(known)
        names = [reference, *(name for name in known if name != reference)]
        agreements = [agreement for place in places for agreement in self._agreements(of, place, names)]
        if not agreements:
            raise NotApplicable(f"no two definitions, {reference!r} and another, order three conditions")
        values: dict[str, Json] = {
            "reference": reference,
            "agreed": self.agreed,
            "agreements": [asdict(each) for each in agreements],
            **self._verdict(agreements),
            "plot": None if can_draw() else LEFT_OUT,
        }
        files = {"definitions.svg": _figure(agreements, places)} if can_draw() else {}
        return Analysis(values, files, definitions_summary(values, of, places, names))

    def _agreements(
        self, of: Mapping[str, Mapping[str, Training]], place: str, names: Sequence[str]
    ) -> Iterator[Agreement]:
        reference = table(of, place, w_auc(names[0]))
        for name in names[1:]:
            values = table(of, place, w_auc(name))
            if reference is not None and values is not None:
                yield from _agreement(name, place, reference, values)

    def _verdict(self, agreements: Sequence[Agreement]) -> dict[str, Json]:
        above = sum(each.interval[0] > self.agreed for each in agreements)
        below = sum(each.interval[1] < self.agreed for each in agreements)
        across = len(agreements) - above - below
        if above == len(agreements):
            verdict = "supported"
        else:
            verdict = "not supported" if below else "not decidable at this scale"
        return {"verdict": verdict, "share": {"above": above, "below": below, "across": across}}


def _agreement(name: str, place: str, reference: np.ndarray, values: np.ndarray) -> Iterator[Agreement]:
    """Compute the agreement of values (n seeds, k conditions) with the reference; none with fewer than three
    conditions, or where all values are equal.
    """
    of_means = tau(reference.mean(axis=0), values.mean(axis=0))
    by_seed = [tau(ours, theirs) for ours, theirs in zip(reference, values, strict=True)]
    pairs = [tau(values[i], values[j]) for i in range(len(values)) for j in range(i)]
    if of_means is None or None in by_seed or None in pairs:
        return
    each_seed, each_pair = np.array(by_seed, dtype=np.float64), np.array(pairs, dtype=np.float64)
    yield Agreement(
        definition=name,
        collection=place,
        conditions=values.shape[1],
        tau=of_means,
        by_seed=tuple(each_seed.tolist()),
        interval=t_interval(each_seed),
        between_seeds=float(each_pair.mean()),
    )


def tau(first: np.ndarray, second: np.ndarray) -> float | None:
    """Kendall's tau-b of values (k,)."""
    return kendall_tau(*({str(at): float(value) for at, value in enumerate(of)} for of in (first, second)))


def _figure(agreements: Sequence[Agreement], places: Sequence[str]) -> str:
    """Tau of every definition, a line a collection; definitions that one collection lacks are left out."""
    by_place = {place: {each.definition: each for each in agreements if each.collection == place} for place in places}
    drawn = {place: of for place, of in by_place.items() if of}
    names = [each.definition for each in agreements if all(each.definition in of for of in drawn.values())]
    names = list(dict.fromkeys(names))
    lines = {place: np.array([of[name].by_seed for name in names]).T for place, of in drawn.items()}
    wrapped = [name.replace(": ", ":\n").replace(", ", ",\n") for name in names]
    return draw_panels([Panel("Kendall's tau with the reference", lines)], wrapped, factor="definition")
