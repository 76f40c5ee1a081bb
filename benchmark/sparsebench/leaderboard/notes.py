"""Notes that a reader needs for the tables, in markdown: short lines below them, and what lies folded behind."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from tabulate import tabulate

from sparsebench.leaderboard.board import Board, twins
from sparsebench.leaderboard.columns import SYSTEM_STAGES, declared_columns, machines
from sparsebench.leaderboard.escape import markdown_text
from sparsebench.leaderboard.models import model_notes
from sparsebench.leaderboard.significance import SIGNIFICANT, SIGNIFICANT_TOGETHER

if TYPE_CHECKING:
    from sparsebench.statistics import Comparison, Contrast

BANK = "(bank): the row also looks at a bank of other queries."
BATCH = "(batch): the row looks at all test queries at once, so it cannot be served one query at a time."

TWIN = """\
{label} is {earlier} under another name: documents, queries and judgments have one digest. It counts once in means."""

NOISE = """\
Noise of encoding, by `sparsebench noise`: the test queries and the highest ranked documents were encoded again in \
other batches, engines, number types and numbers of threads, and ranked without a postprocessor. It says nothing of \
what another sample of queries would change, nor of what a postprocessor makes of the noise."""


@dataclass(frozen=True)
class Notes:
    """short: a line each. folded: title -> the markdown behind it."""

    short: tuple[str, ...]
    folded: dict[str, str]


def notes(board: Board, comparison: Comparison | None, *, costs: bool) -> Notes:
    """Write the notes below the tables; only those that apply."""
    together = any(record.sees == "batch" for record in board.records)
    lines = [_marks(comparison, together=together)] if comparison else []
    sees = [BANK] if any(record.sees == "bank" for record in board.records) else []
    lines += [" ".join([*sees, BATCH] if together else sees)]
    lines += [" ".join(_columns(board))]
    if board.pending:
        lines.append(f"{board.pending} cells are not computed yet; `sparsebench run {board.suite}` goes on with them.")
    more = [_statistics(comparison, together=together)] if comparison else []
    more += [TWIN.format(label=label, earlier=earlier) for label, earlier in twins(board).items()]
    more += [NOISE] if board.noise else []
    more += [_costs(board)] if costs else []
    folded = {
        "How it was tested": "\n\n".join(more),
        "How large a difference can be detected": _sizes(comparison) if comparison else "",
    }
    return Notes(
        tuple(line for line in [*lines, *model_notes(board)] if line),
        {title: text for title, text in folded.items() if text},
    )


def _marks(comparison: Comparison, *, together: bool) -> str:
    settings = comparison.settings
    batch = f", {SIGNIFICANT_TOGETHER} where all test queries were ranked together" if together else ""
    return (
        f"±: half of the {1 - settings.alpha:.0%} interval, or the standard deviation over seeds. "
        f"{SIGNIFICANT}: differs from {comparison.baseline} (paired sign-flip test, p < {settings.alpha:g} after "
        f"Holm's correction over "
        f"{comparison.family} {'comparison' if comparison.family == 1 else 'comparisons'}){batch}."
    )


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
        f" {SIGNIFICANT_TOGETHER}: the test holds for this query set only, whose queries were ranked together."
        if together
        else ""
    )
    return (
        f"Intervals are {confidence} bootstrap intervals (BCa; percentile below 50 queries). {SIGNIFICANT}: the paired "
        f"sign-flip test ({settings.flips:,} flips{_more_flips(comparison)}), with Holm's correction over one family: "
        f"all {comparison.family} comparisons of a row with the baseline, by the first measure of each collection."
        f"{batch} A row of several seeds has the mark that all of them have."
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


def _sizes(comparison: Comparison) -> str:
    """Say how large differences are and had to be: least and largest over the rows of a collection."""
    by_collection: dict[str, list[Contrast]] = {}
    for cell in comparison.cells:
        if cell.contrast and cell.contrast.detectable is not None:
            by_collection.setdefault(cell.collection, []).append(cell.contrast)
    if not by_collection:
        return ""
    rows = [
        [
            markdown_text(collection),
            *_ends([each.detectable for each in found], ".4f"),
            *_ends([each.effect_size for each in found], "+.2f"),
        ]
        for collection, found in by_collection.items()
    ]
    headers = ["collection", "least detectable", "largest detectable", "least g_z", "largest g_z"]
    grid = tabulate(rows, headers, tablefmt="github", disable_numparse=True, colalign=["left", *["right"] * 4])
    return (
        "A paired t test of these queries finds a difference of this size from the baseline four times in five, before "
        f"any correction; g_z is the effect size that was found (Hedges), least and largest over rows.\n\n{grid}"
    )


def _ends(values: Sequence[float | None], form: str) -> list[str]:
    known = sorted(value for value in values if value is not None)
    return [format(value, form) for value in (known[0], known[-1])] if known else ["–", "–"]


def _costs(board: Board) -> str:
    found = machines(board.records)
    if len(found) > 1:
        return (
            f"Seconds are compared within one machine only; these records come from {len(found)}: {', '.join(found)}."
        )
    return f"seconds: {', '.join(SYSTEM_STAGES)}; when vectors came from the store, what they cost when made."
