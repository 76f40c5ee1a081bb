"""Tables and sentences of a factor study."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

import numpy as np
from tabulate import tabulate

from benchmark.types import Json
from plugins.analyzers.factor_study.outcomes import Read, effectiveness, kept_tokens, sparsity, table, w_auc
from plugins.analyzers.factor_study.trainings import Training

NOTHING = "–"

TREND = """\
Means over seeds ± their standard deviation. kept: expansion tokens that W-AUC is over. Δ: last minus first level with \
Student's 95 % interval over seeds. p: Page's trend test in the direction of the hypothesis, seeds as blocks, exact; \
Holm's correction is over all tests of the table, of which the first alone was declared. found with .8: the change \
that this design finds four times in five. Verdicts: supported where p < .05; not supported where the seeds exclude a \
change of {margin:g} in that direction (one-sided, 95 %); else not decidable at this scale."""


def trend_summary(values: Mapping[str, Json], of: Mapping[str, Mapping[str, Training]], places: Sequence[str]) -> str:
    """Verdict, what goes along with each level, tests."""
    return "\n\n".join(
        [
            _trend_sentence(values),
            _levels_table(values, of, places),
            _trends_table(values["trends"]),
            TREND.format(margin=values["margin"]),
        ]
    )


def _trend_sentence(values: Mapping[str, Json]) -> str:
    first, direction = values["trends"][0], values["direction"]
    low, high = first["interval"]
    levels = values["levels"]
    return (
        f"**{first['verdict'].capitalize()}**: W-AUC ({first['outcome']}, {first['collection']}) {direction} with "
        f"{values['factor']}. From {levels[0]} to {levels[-1]} it changes by {first['change']:+.4f} "
        f"[{low:+.4f}, {high:+.4f}] over {first['seeds']} seeds, p {first['p']:.4f}. This design finds a change of "
        f"{first['detectable']:.4f} with probability .8; a change of {values['margin']:g}, the least that is taken to "
        f"matter, asks for {_seeds(first['seeds_for_margin'])}, one as large as was seen "
        f"{_asks(first['seeds_for_change'], first['change'], direction)}."
    )


def _seeds(count: int | None) -> str:
    return "more than 80 seeds" if count is None else f"{count} seeds"


def _asks(count: int | None, change: float, direction: str) -> str:
    if count is None and (change < 0) == (direction == "rises"):
        return "goes the other way"
    return f"for {_seeds(count)}"


def _levels_table(values: Mapping[str, Json], of: Mapping[str, Mapping[str, Training]], places: Sequence[str]) -> str:
    outcome = values["declared"]["outcome"]
    readers: dict[str, tuple[Read, str]] = {
        f"W-AUC, {outcome}": (w_auc(outcome), ".4f"),
        "kept": (kept_tokens(outcome), ".0f"),
        "effectiveness": (effectiveness, ".4f"),
        "L0 query": (sparsity("l0_query"), ".1f"),
        "L0 document": (sparsity("l0_document"), ".1f"),
    }
    rows: list[list[str]] = []
    for place in places:
        columns = [list(_spread(table(of, place, read), form, len(of))) for read, form in readers.values()]
        rows += [[place, level, *cells] for level, *cells in zip(of, *columns, strict=True)]
    return grid(["collection", values["factor"].replace("_", " "), *readers], rows)


def _spread(found: np.ndarray | None, form: str, count: int) -> Iterator[str]:
    if found is None:
        yield from [NOTHING] * count
        return
    for mean, deviation in zip(found.mean(axis=0), found.std(axis=0, ddof=1), strict=True):
        yield f"{mean:{form}} ± {deviation:{form}}"


def _trends_table(trends: Sequence[Mapping[str, Json]]) -> str:
    rows = [
        [
            trend["outcome"],
            trend["collection"],
            trend["domain"],
            f"{trend['change']:+.4f} {bounds(trend['interval'])}",
            f"{trend['p']:.4f}",
            f"{trend['p_holm']:.4f}",
            f"{trend['detectable']:.4f}",
            trend["verdict"],
        ]
        for trend in trends
    ]
    return grid(["definition", "collection", "domain", "Δ", "p", "p (Holm)", "found with .8", "verdict"], rows)


def bounds(interval: Sequence[float]) -> str:
    """An interval, signed."""
    return f"[{interval[0]:+.4f}, {interval[1]:+.4f}]"


def grid(headers: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """A table in markdown, cells as they are."""
    return tabulate(rows, headers, tablefmt="github", disable_numparse=True)


REMOVAL = """\
Effects are the statistic of METHODS 2.5 (mean change of {measure} over the grid of K on a log scale), wackiest minus \
matched random: negative where the wackiest tokens are missed more. Intervals are Student's over seeds, p is one-sided \
(the interaction is below 0), Holm's correction is over the conditions; the mean over conditions alone was declared. \
found with .8: the interaction that a two-sided t test over these seeds finds four times in five. Not supported: the \
seeds exclude an interaction beyond −{margin:g}."""


def removal_summary(values: Mapping[str, Json], domain_of: Mapping[str, str]) -> str:
    """Verdict and the table of conditions."""
    first = values["interactions"][0]
    inside, outside = (", ".join(label for label, of in domain_of.items() if of == domain) for domain in ("in", "out"))
    sentence = (
        f"**{first['verdict'].capitalize()}**: removing the wackiest tokens, beyond matched random ones, hurts more "
        f"in-domain ({inside}) than out of it ({outside}). Over {first['seeds']} seeds the interaction is "
        f"{first['interaction']:+.4f} {bounds(first['interval'])}, p {first['p']:.4f}; this design finds one of "
        f"{_number(first['detectable'])} with probability .8, and {values['margin']:g} is the least taken to matter."
    )
    rows = [
        [
            each["condition"],
            f"{each['in_domain']:+.4f}",
            f"{each['out_of_domain']:+.4f}",
            f"{each['interaction']:+.4f} {bounds(each['interval'])}",
            f"{each['p']:.4f}",
            f"{each['p_holm']:.4f}",
            _number(each["detectable"]),
            each["verdict"],
        ]
        for each in values["interactions"]
    ]
    headers = ["condition", "in-domain", "out-of-domain", "in − out", "p", "p (Holm)", "found with .8", "verdict"]
    left_out = [f"Left out: {condition}: {reason}." for condition, reason in values["left_out"].items()]
    return "\n\n".join(
        [sentence, grid(headers, rows), *left_out, REMOVAL.format(measure=values["measure"], margin=values["margin"])]
    )


def _number(value: float | None) -> str:
    return NOTHING if value is None else f"{value:.4f}"


DEFINITIONS = """\
tau: Kendall's, of the order of the conditions' means over seeds with the order by "{reference}"; by seed: the mean of \
the seeds' own taus with Student's 95 % interval; two seeds: the mean tau of two seeds' orders under that one \
definition, the agreement that noise allows. Robust is called what is above {agreed:g}."""


def definitions_summary(
    values: Mapping[str, Json], of: Mapping[str, Mapping[str, Training]], places: Sequence[str], names: Sequence[str]
) -> str:
    """Verdict, agreement of definitions, and the values that are ordered."""
    share, total = values["share"], len(values["agreements"])
    sentence = (
        f"**{values['verdict'].capitalize()}**: the order of {len(of)} conditions is the same whatever the definition. "
        f'Of {total} comparisons with "{values["reference"]}" (definitions × collections), Kendall\'s tau is above '
        f"{values['agreed']:g} in {share['above']}, below it in {share['below']}, and on either side of it in "
        f"{share['across']}, at 95 % over seeds."
    )
    rows = [
        [
            each["definition"],
            each["collection"],
            f"{each['tau']:+.2f}",
            f"{np.mean(each['by_seed']):+.2f} [{each['interval'][0]:+.2f}, {each['interval'][1]:+.2f}]",
            f"{each['between_seeds']:+.2f}",
        ]
        for each in values["agreements"]
    ]
    agreements = grid(["definition", "collection", "tau", "by seed", "two seeds"], rows)
    explained = DEFINITIONS.format(reference=values["reference"], agreed=values["agreed"])
    return "\n\n".join([sentence, agreements, explained, *(_areas(of, place, names) for place in places)])


def _areas(of: Mapping[str, Mapping[str, Training]], place: str, names: Sequence[str]) -> str:
    """Means over seeds of every definition in a collection."""
    columns = [list(_means(table(of, place, w_auc(name)), len(of))) for name in names]
    rows = [[condition, *cells] for condition, *cells in zip(of, *columns, strict=True)]
    return f"W-AUC on {place}, means over seeds:\n\n{grid(['condition', *names], rows)}"


def _means(found: np.ndarray | None, count: int) -> list[str]:
    return [NOTHING] * count if found is None else [f"{mean:.4f}" for mean in found.mean(axis=0)]
