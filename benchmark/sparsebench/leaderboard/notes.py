"""Notes below the tables, in markdown: one paragraph a note, and only those that apply."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from sparsebench.leaderboard.board import Board, twins
from sparsebench.leaderboard.columns import SYSTEM_STAGES, declared_columns, machines
from sparsebench.leaderboard.models import model_notes
from sparsebench.leaderboard.significance import SIGNIFICANT, SIGNIFICANT_TOGETHER

if TYPE_CHECKING:
    from sparsebench.statistics import Comparison, Contrast

SEES = """\
`sees`: what a postprocessor may look at besides the query itself: `query` nothing, `bank` a bank of other queries, \
`batch` all test queries at once (transductive: such a row cannot be served one query at a time)."""

TWIN = """\
{label} is {earlier} under another name: documents, queries and judgments have one digest. It counts once in means."""

NOISE = """\
Noise of encoding, by `sparsebench noise`: the test queries and the highest ranked documents were encoded again in \
other batches, engines, number types and numbers of threads, and ranked without a postprocessor. It says nothing of \
what another sample of queries would change, nor of what a postprocessor makes of the noise."""


def notes(board: Board, comparison: Comparison | None, *, costs: bool) -> list[str]:
    """The paragraphs below the tables."""
    lines = [SEES]
    if comparison:
        lines.append(_statistics(comparison, together=any(record.sees == "batch" for record in board.records)))
        lines += _sizes(comparison)
    lines += [TWIN.format(label=label, earlier=earlier) for label, earlier in twins(board).items()]
    lines += model_notes(board)
    lines += _columns(board)
    if board.noise:
        lines.append(NOISE)
    if costs:
        lines.append(_costs(board))
    if board.pending:
        lines.append(f"{board.pending} cells are not computed yet; `sparsebench run {board.suite}` goes on with them.")
    return lines


def _columns(board: Board) -> list[str]:
    """Describe the columns of analyzers in one paragraph; those that no table has are left out."""
    there = [
        each.column.note
        for each in declared_columns(board)
        if any(each.value(record) is not None for record in board.records)
    ]
    said = " ".join(dict.fromkeys(filter(None, there)))
    return [said] if said else []


def _statistics(comparison: Comparison, *, together: bool) -> str:
    settings = comparison.settings
    confidence = f"{1 - settings.alpha:.0%}"
    batch = (
        f" {SIGNIFICANT_TOGETHER}: the same for a row that sees `batch`; its queries were ranked together, so its test "
        "holds for this query set only."
        if together
        else ""
    )
    return (
        f"±: half the width of the {confidence} bootstrap interval (BCa; percentile below 50 queries). "
        f"{SIGNIFICANT}: differs from the baseline {comparison.baseline} by the paired sign-flip test "
        f"({settings.flips:,} flips{_more_flips(comparison)}), p < {settings.alpha:g} after Holm's correction over one "
        f"family: all {comparison.family} comparisons of a row with the baseline, by the first measure of each "
        f"collection.{batch} rank: 1 + the number of systems that are significantly better (studentised step-down "
        f"max-T over all pairs of a collection: another family, so {SIGNIFICANT} and rank may differ on a pair); = "
        "marks a shared rank."
    )


def _more_flips(comparison: Comparison) -> str:
    """Note tests that chance would have decided: how many flips they got, and whether it still would."""
    settings, contrasts = comparison.settings, [cell.contrast for cell in comparison.cells if cell.contrast]
    most = max([*(each.flips for each in contrasts), *(each.flips for each in comparison.all_pairs)], default=0)
    if most <= settings.flips:
        return ""
    near = sum(each.is_near for each in contrasts)
    left = f", as it still does for {near}" if near else ""
    return f", up to {most:,} where the 99% Monte-Carlo interval of p holds {settings.alpha:g}{left}"


def _sizes(comparison: Comparison) -> list[str]:
    """Say how large differences are and had to be; all rows in one range, as a column a row does not fit."""
    by_collection: dict[str, list[Contrast]] = {}
    for cell in comparison.cells:
        if cell.contrast and cell.contrast.detectable is not None:
            by_collection.setdefault(cell.collection, []).append(cell.contrast)
    parts = [
        f"{collection} {_span([each.detectable for each in found], '.4f')} "
        f"(g_z {_span([each.effect_size for each in found], '+.2f')})"
        for collection, found in by_collection.items()
    ]
    if not parts:
        return []
    return [
        "Detectable: how large a difference from the baseline has to be, for a paired t test of these queries to find "
        "it four times in five, before any correction; in brackets the effect sizes that were found (Hedges' g_z). "
        f"Least to largest over rows: {'; '.join(parts)}."
    ]


def _span(values: Sequence[float | None], form: str) -> str:
    known = sorted(value for value in values if value is not None)
    ends = [format(value, form) for value in (known[0], known[-1])] if known else ["–"]
    return " to ".join(dict.fromkeys(ends))


def _costs(board: Board) -> str:
    found = machines(board.records)
    if len(found) > 1:
        return (
            f"Seconds are compared within one machine only; these records come from {len(found)}: {', '.join(found)}."
        )
    return f"seconds: {', '.join(SYSTEM_STAGES)}; when vectors came from the store, what they cost when made."
