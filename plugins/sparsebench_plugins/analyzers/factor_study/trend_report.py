"""Report of `factor_trend`: verdict, what goes along with each level, every test."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

import numpy as np

from sparsebench import Json
from sparsebench_plugins.analyzers.factor_study.outcomes import Read, effectiveness, kept_tokens, sparsity, table, w_auc
from sparsebench_plugins.analyzers.factor_study.tables import NOTHING, bounds, grid, p_value
from sparsebench_plugins.analyzers.factor_study.trainings import Training

TREND = """\
Means over seeds ± their standard deviation. kept: expansion tokens that W-AUC is over. Δ: last minus first level with \
Student's 95 % interval over seeds. p: Page's trend test in the direction of the hypothesis, seeds as blocks, exact; \
Holm's correction is over all tests of the table, of which the first alone was declared. found with .8: the change \
that this design finds four times in five. Verdicts: supported where p < .05; not supported where the seeds exclude a \
change of {margin:g} in that direction (one-sided, 95 %), which may also be said of a change that is supported; else \
not decidable at this scale."""


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
        f"[{low:+.4f}, {high:+.4f}] over {first['seeds']} seeds, p {p_value(first['p'])}. This design finds a change "
        f"of {first['detectable']:.4f} with probability .8; a change of {values['margin']:g}, the least that is taken "
        f"to matter, asks for {_seeds(first['seeds_for_margin'])}, one as large as was seen "
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
        values["measure"]: (effectiveness, ".4f"),
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
            p_value(trend["p"]),
            p_value(trend["p_holm"]),
            f"{trend['detectable']:.4f}",
            trend["verdict"],
        ]
        for trend in trends
    ]
    return grid(["definition", "collection", "domain", "Δ", "p", "p (Holm)", "found with .8", "verdict"], rows)
