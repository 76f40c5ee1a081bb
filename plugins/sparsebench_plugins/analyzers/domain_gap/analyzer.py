"""The analyzer `domain_gap`: from records to the differences of differences."""

from __future__ import annotations

from dataclasses import dataclass

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
from sparsebench_plugins.analyzers.removal import label_of_study

REMOVAL = """\
Effects of removing expansion tokens from the queries, means over queries and over the grid of K on a log scale: \
negative is harm. matched: random tokens that occur as often as the wackiest. Wackiest minus matched is negative where \
the wackiest are missed more. p: Monte-Carlo, one-sided, that matched random tokens are missed as much."""


@dataclass(frozen=True, kw_only=True)
class DomainGap(SuiteAnalyzer):
    """Test of whether a system's gain over another is the same in its training domain and out of it.

    Values: `measure`; `domains`: collection -> `in` or `out`; `systems` and `removal`: lists of gaps, see `gap`;
    `removal_refused`: collections without a removal study, with the reason.
    """

    systems: tuple[tuple[str, str], ...] = ()
    """Labels [model, postprocessor] of two or more; the first is what all others are compared with. By default the
    suite's baseline, and every other system."""

    measure: str = "nDCG@10"
    """One measure for all collections."""

    removal: str | None = None
    """The label of the removal study, whose (wackiest - matched random) statistic is compared between the domains as
    well, if there is one (METHODS 2.5); by default that of the suite's only one."""

    def __post_init__(self) -> None:
        """Raise ValueError for one system alone, and SuiteError for an unknown measure."""
        if len(self.systems) == 1:
            raise ValueError("systems: one system alone cannot be compared; name two or more, or none")
        canonical(self.measure)

    def analyze(self, context: SuiteContext) -> Analysis:
        """Compare the domains. Raises NotApplicable where there is nothing to compare, or not with this measure."""
        domain_of = domains(context.records)
        measure, label = canonical(self.measure), label_of_study(context.records, self.removal)
        systems = list(system_gaps(context, self.systems, measure))
        removal = list(removal_gaps(context.records, label)) if label else []
        refused = refusals(context.records, label) if label and removal else {}
        values = {
            "measure": measure,
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
            *_systems(systems, measure),
            *(_removal(context, removal, label) if label and removal else []),
        ]
        parts += [
            f"No removal study of {model} on {', '.join(collections)}: {reason}."
            for (model, reason), collections in refused.items()
        ]
        return Analysis(values, summary="\n\n".join([*parts, CONDITIONAL]))


def _systems(gaps: list[Gap], measure: str) -> list[str]:
    effects = effects_table(gaps, name="systems", effect=f"difference of {measure}")
    return ["### Systems", effects, gaps_table(gaps, name="systems")]


def _removal(context: SuiteContext, gaps: list[Gap], label: str) -> list[str]:
    arms = arms_table(studied(context.records, label), label)
    effects = effects_table(gaps, name="model", effect="wackiest − matched")
    return ["### Removal of the wackiest tokens", REMOVAL, arms, effects, gaps_table(gaps, name="model")]
