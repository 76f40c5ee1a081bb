"""A comparison as markdown tables, with all that a reader must know of the tests."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING

from tabulate import tabulate

from sparsebench.leaderboard import Board
from sparsebench.leaderboard.board import first_measures
from sparsebench.leaderboard.escape import csv_text, latex_text
from sparsebench.leaderboard.significance import system_name
from sparsebench.records.noise import noise_note
from sparsebench.types import Json

if TYPE_CHECKING:
    from sparsebench.statistics import AllPairs, Cell, Comparison, Contrast, Interval

NOTHING = "–"
INTERVAL = "95% CI"
COLUMNS = """\
`rank`: 1 + the number of rows that are significantly better by studentised step-down max-T over all pairs of rows, \
a family of its own, so that it need not agree with `p Holm`. \
`{interval}`: of the mean, and of the difference to the baseline on the same queries: bootstrap over queries, BCa, \
percentiles below 50 queries. `p flips`: paired sign-flip test, {flips:,} flips or all there are, up to {most:,} where \
chance would decide. `p t`: paired t \
test. `g`: effect size, Hedges' g of the paired differences. `MDD`: minimal detectable difference, which a single t \
test at {alpha:g} would find with {power:.0%} power."""
FAMILY = """\
`p Holm`: `p flips` after Holm's correction over one family of {family} tests: every row against {baseline} over all \
collections, by {measures}."""
EXPLORATORY = "This is not the first measure of each collection: these tests are exploratory."
EQUIVALENT = "`p equivalent`: two one-sided t tests that the difference lies within ± {margin:g}, not corrected."
BATCH = "A row that sees `batch` ranks all test queries together: its tests hold for this query set only."
PAIRS = "p of each pair of rows, corrected for the number of pairs (studentised step-down max-T over sign flips):"
MEANS = "Queries are resampled inside each collection; the intervals hold for these collections, and nothing is tested."
LEFT_OUT = "Left out: {failed} failed and {pending} pending cells."

_CONTRAST: Mapping[str, Callable[[Contrast], str]] = {
    "difference": lambda of: f"{of.difference:+.4f}",
    INTERVAL: lambda of: _interval(of.interval, "+.4f"),
    "p flips": lambda of: _p(of.p_sign_flip),
    "p Holm": lambda of: _p(of.p_holm),
    "p t": lambda of: _p(of.p_t),
    "g": lambda of: _number(of.effect_size, "+.2f"),
    "MDD": lambda of: _number(of.detectable, ".4f"),
    "p equivalent": lambda of: _p(of.p_equivalence),
}


def render(board: Board, comparison: Comparison, *, all_pairs: bool) -> str:
    """One section a collection, one of means over collections, the notes."""
    sections = []
    for pairs in comparison.all_pairs:
        sections.append(_collection(board, comparison, pairs.collection))
        sections += [PAIRS, _pairs(pairs)] if all_pairs else []
    title = f"# {board.suite}: every row against {comparison.baseline}"
    return "\n\n".join([title, *sections, *_means(comparison), *_notes(board, comparison)])


COMPARISON_FORMATS = ("md", "csv", "json", "latex")


def render_as(form: str, board: Board, comparison: Comparison, *, all_pairs: bool) -> str:
    """The comparison in one of COMPARISON_FORMATS; markdown alone has pairs, means and all notes."""
    if form == "md":
        return render(board, comparison, all_pairs=all_pairs)
    rows = [_values(cell, comparison) for cell in comparison.cells]
    if form == "json":
        return json.dumps({"suite": board.suite, "baseline": comparison.baseline, "rows": rows}, indent=1) + "\n"
    if form == "csv":
        return csv_text([list(rows[0]), *(list(row.values()) for row in rows)])
    return _latex(board, comparison, rows)


def _values(cell: Cell, comparison: Comparison) -> dict[str, Json]:
    """One row a system and collection, in full precision; None where there is no such value."""
    of = cell.contrast
    return {
        "collection": cell.collection,
        "measure": comparison.measures[cell.collection],
        "row": cell.system,
        "queries": cell.n,
        "rank": cell.rank,
        "mean": cell.mean,
        "low": cell.interval.low if cell.interval else None,
        "high": cell.interval.high if cell.interval else None,
        "difference": of.difference if of else None,
        "difference_low": of.interval.low if of and of.interval else None,
        "difference_high": of.interval.high if of and of.interval else None,
        "p_sign_flip": of.p_sign_flip if of else None,
        "p_holm": of.p_holm if of else None,
        "p_t": of.p_t if of else None,
        "effect_size": of.effect_size if of else None,
        "detectable": of.detectable if of else None,
        "p_equivalence": of.p_equivalence if of else None,
    }


def _latex(board: Board, comparison: Comparison, rows: Sequence[Mapping[str, Json]]) -> str:
    """A table for the package booktabs, with its notes as comments."""
    shown = ("collection", "row", "mean", "difference", "p_holm", "effect_size")
    body = [
        " & ".join(latex_text(row[name] if isinstance(row[name], str) else _number(row[name], ".4f")) for name in shown)
        for row in rows
    ]
    notes = [f"% {line}" for line in _notes(board, comparison)]
    head = " & ".join(latex_text(name.replace("_", " ")) for name in shown)
    begin = [
        r"% needs \usepackage{booktabs}",
        *notes,
        r"\begin{tabular}{ll" + "r" * (len(shown) - 2) + "}",
        r"\toprule",
    ]
    return "\n".join([*begin, head + r" \\", r"\midrule", *(line + r" \\" for line in body), r"\bottomrule",
                      r"\end{tabular}"]) + "\n"  # fmt: skip


def _collection(board: Board, comparison: Comparison, label: str) -> str:
    sees = {
        system_name(row.model, row.postprocessor): row.records[label].sees for row in board.rows if label in row.records
    }
    columns = dict(_CONTRAST)
    if comparison.settings.margin is None:
        del columns["p equivalent"]
    cells = [cell for cell in comparison.cells if cell.collection == label]
    table = [
        [cell.system, sees[cell.system] or NOTHING, str(cell.rank), f"{cell.mean:.4f}", _interval(cell.interval, ".4f"),
         *(read(cell.contrast) if cell.contrast else NOTHING for read in columns.values())]
        for cell in cells
    ]  # fmt: skip
    headers = ["row", "sees", "rank", "mean", INTERVAL, *columns]
    measure, records = comparison.measures[label], [row.records[label] for row in board.rows if label in row.records]
    title, noise = (
        f"## {label}: {measure}, {cells[0].n} queries",
        noise_note(board.noise, records, measure, greyed=False),
    )
    return "\n\n".join(part for part in (title, _table(headers, table, words=2), noise) if part)


def _pairs(pairs: AllPairs) -> str:
    """Columns are numbered, so that many rows fit."""
    table = [
        [f"{number} {system}", *(NOTHING if other == number else _p(p) for other, p in enumerate(row, start=1))]
        for number, (system, row) in enumerate(zip(pairs.systems, pairs.p, strict=True), start=1)
    ]
    return _table(["row", *map(str, range(1, len(table) + 1))], table, words=1)


def _means(comparison: Comparison) -> list[str]:
    table = [
        [of.group, of.system, f"{of.mean:.4f}", _interval(of.interval, ".4f"), _number(of.difference, "+.4f"),
         _interval(of.difference_interval, "+.4f")]
        for of in comparison.macro_averages
    ]  # fmt: skip
    headers = ["collections", "row", "mean", INTERVAL, "difference", INTERVAL]
    return ["## Means over collections", _table(headers, table, words=2), MEANS] if table else []


def _notes(board: Board, comparison: Comparison) -> list[str]:
    settings, measures = comparison.settings, ", ".join(dict.fromkeys(comparison.measures.values()))
    notes = [
        COLUMNS.format(
            interval=INTERVAL,
            flips=settings.flips,
            most=settings.most_flips,
            alpha=settings.alpha,
            power=settings.power,
        ),
        FAMILY.format(family=comparison.family, baseline=comparison.baseline, measures=measures),
    ]
    first = first_measures(board)
    if any(first[label] != measure for label, measure in comparison.measures.items()):
        notes.append(EXPLORATORY)
    if settings.margin is not None:
        notes.append(EQUIVALENT.format(margin=settings.margin))
    if any(record.sees == "batch" for record in board.records):
        notes.append(BATCH)
    failed = sum(record.status == "failed" for record in board.records)
    if failed or board.pending:
        notes.append(LEFT_OUT.format(failed=failed, pending=board.pending))
    return notes


def _table(headers: Sequence[str], table: Sequence[Sequence[str]], *, words: int) -> str:
    """Format a table. words: how many columns from the left are not numbers."""
    align = ["left"] * words + ["right"] * (len(headers) - words)
    return tabulate(table, headers, tablefmt="github", disable_numparse=True, colalign=align)


def _number(value: float | None, pattern: str) -> str:
    return NOTHING if value is None else format(value, pattern)


def _interval(interval: Interval | None, pattern: str) -> str:
    return NOTHING if interval is None else f"[{interval.low:{pattern}}, {interval.high:{pattern}}]"


def _p(p: float | None) -> str:
    return "<0.0001" if p is not None and p < 0.0001 else _number(p, ".4f")
