"""The analyzer `domain_gap`: from records to the differences of differences."""

from __future__ import annotations

from sparsebench import Analysis, SuiteAnalyzer, SuiteContext
from sparsebench.measures import canonical
from sparsebench_plugins.analyzers.domain_gap.gap import Gap
from sparsebench_plugins.analyzers.domain_gap.interaction import refusals, removal_gaps, studied
from sparsebench_plugins.analyzers.domain_gap.report import (
    CONDITIONAL,
    arms_table,
    effects_table,
    gap_values,
    gaps_table,
    named_domains,
)
from sparsebench_plugins.analyzers.domain_gap.systems import domains, system_gaps

REMOVAL = """\
Effects of removing expansion tokens from the queries, means over queries and over the grid of K on a log scale: \
negative is harm. matched: random tokens that occur as often as the wackiest. Wackiest minus matched is negative where \
the wackiest are missed more. p: Monte-Carlo, one-sided, that matched random tokens are missed as much."""


class DomainGap(SuiteAnalyzer):
    """Whether a system's gain over another is the same in its training domain and out of it.

    systems: labels [model, postprocessor] of two or more; the first is what all others are compared with. By default
    the suite's baseline, and every other system. measure: one for all collections. removal: the label of the suite's
    `removal` analysis, whose (wackiest - matched random) statistic is compared between the domains as well, if there
    is one (METHODS 2.5).

    Values: `measure`; `domains`: collection -> `in` or `out`; `systems` and `removal`: lists of gaps, see `gap`;
    `removal_refused`: collections without a removal study, with the reason.
    """

    def __init__(
        self, *, systems: tuple[tuple[str, str], ...] = (), measure: str = "nDCG@10", removal: str = "removal"
    ):
        if len(systems) == 1:
            raise ValueError("systems: one system alone cannot be compared; name two or more, or none")
        self.systems, self.measure, self.removal = systems, canonical(measure), removal

    def analyze(self, context: SuiteContext) -> Analysis:
        """Raises NotApplicable where there is nothing to compare, or not with this measure."""
        domain_of = domains(context.records)
        systems = list(system_gaps(context, self.systems, self.measure))
        removal = list(removal_gaps(context.records, self.removal))
        refused = refusals(context.records, self.removal) if removal else {}
        values = {
            "measure": self.measure,
            "domains": domain_of,
            "systems": [gap_values(gap) for gap in systems],
            "removal": [gap_values(gap) for gap in removal],
            "removal_refused": [
                {"model": model, "collections": collections, "reason": reason}
                for (model, reason), collections in refused.items()
            ],
        }
        parts = [
            named_domains(domain_of),
            *self._systems(systems),
            *(self._removal(context, removal) if removal else []),
        ]
        parts += [
            f"No removal study of {model} on {', '.join(collections)}: {reason}."
            for (model, reason), collections in refused.items()
        ]
        return Analysis(values, summary="\n\n".join([*parts, CONDITIONAL]))

    def _systems(self, gaps: list[Gap]) -> list[str]:
        effects = effects_table(gaps, name="systems", effect=f"difference of {self.measure}")
        return ["### Systems", effects, gaps_table(gaps, name="systems")]

    def _removal(self, context: SuiteContext, gaps: list[Gap]) -> list[str]:
        arms = arms_table(studied(context.records, self.removal), self.removal)
        effects = effects_table(gaps, name="model", effect="wackiest − matched")
        return ["### Removal of the wackiest tokens", REMOVAL, arms, effects, gaps_table(gaps, name="model")]
