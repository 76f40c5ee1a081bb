"""Gaps as values for the record and as tables for the leaderboard."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict

from tabulate import tabulate

from sparsebench import Domain, Json, Record
from sparsebench.statistics import Interval
from sparsebench_plugins.analyzers.domain_gap.gap import Gap

NOTHING = "–"

CONDITIONAL = """\
Intervals are 95 % bootstrap intervals over queries within these collections, which are fixed: they say nothing about \
other collections, and where a domain has one collection, nothing tells the domain from the collection. p (Holm) is \
corrected over the collections of a row's comparison."""


def gap_values(gap: Gap) -> dict[str, Json]:
    """A gap in the record; keys are those of Gap, Tested and Interaction."""
    return asdict(gap) | {"tested": [asdict(tested) for tested in gap.tested]}


def named_domains(domain_of: Mapping[str, Domain]) -> str:
    """The sets that are compared."""
    inside, outside = ([label for label, of in domain_of.items() if of == domain] for domain in ("in", "out"))
    return f"In-domain: {', '.join(inside) or NOTHING}. Out-of-domain: {', '.join(outside) or NOTHING}."


def effects_table(gaps: Sequence[Gap], *, name: str, effect: str) -> str:
    """A row for each gap and collection."""
    rows = [
        [
            gap.name,
            of.collection,
            of.domain,
            of.queries,
            _signed(of.mean),
            _interval(of.interval),
            _p(of.p),
            _p(of.p_holm),
        ]
        for gap in gaps
        for of in gap.tested
    ]
    return _table([name, "collection", "domain", "queries", effect, "95 % interval", "p", "p (Holm)"], rows)


def gaps_table(gaps: Sequence[Gap], *, name: str) -> str:
    """A row for each gap, with the reason where it has none."""
    rows = []
    for gap in gaps:
        if gap.difference is None:
            rows.append([gap.name, *[NOTHING] * 4, gap.reason])
            continue
        found = gap.difference
        means = _signed(found.in_domain), _signed(found.out_of_domain), _signed(found.estimate)
        rows.append([gap.name, *means, _interval(found.interval), _p(found.p)])
    return _table([name, "in-domain", "out-of-domain", "in − out", "95 % interval", "p"], rows)


def arms_table(records: Sequence[Record], analysis: str) -> str:
    """The statistic of every arm of the removal studies in records that have one."""
    arms = ("wackiest", "matched", "random", "least_wacky", "all_expansion")
    rows = []
    for record in records:
        found = record.analysis[analysis]
        counts = f"{found['tokens']} ({found['tied_at_one']} at W = 1)"
        statistics = (_signed(found["arms"][arm]["statistic"]) for arm in arms)
        rows.append([record.cell.model.label, record.cell.collection.label, counts, *statistics])
    return _table(["model", "collection", "tokens", *(arm.replace("_", " ") for arm in arms)], rows)


def _table(headers: Sequence[str], rows: Sequence[Sequence[Json]]) -> str:
    return tabulate(rows, headers, tablefmt="github", disable_numparse=True)


def _signed(value: float) -> str:
    return f"{value:+.4f}"


def _interval(interval: Interval | None) -> str:
    return NOTHING if interval is None else f"[{interval.low:+.4f}, {interval.high:+.4f}]"


def _p(value: float | None) -> str:
    return NOTHING if value is None else f"{value:.4f}"
