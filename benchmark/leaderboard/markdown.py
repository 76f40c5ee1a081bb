"""A board as markdown: one table over all collections, one a collection, and the notes that make them readable."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from tabulate import tabulate

from benchmark.leaderboard.board import Board, Row
from benchmark.measure import better_when_larger
from benchmark.record import Record
from benchmark.types import Json

NOTHING = "–"
DIGITS = 4
# What a system itself costs: analyses, tuning and loading are in the records alone.
SYSTEM_STAGES = ("encode documents", "encode queries", "rank")

SEES = """\
`sees`: what a postprocessor may look at besides the query itself: `query` nothing, `bank` a bank of other queries, \
`batch` all test queries at once (transductive: such a row cannot be served one query at a time)."""
SPARSITY = """\
L0: mean active terms of a query and of a document. FLOPS: expected term matches of a query and a document, the sum \
over terms of p_q p_d. W-AUC\\*: prevalence of wacky weights (robust form; higher is wackier), empty where it is not \
defined."""


def render_markdown(board: Board, *, costs: bool = True) -> str:
    """The whole leaderboard. `costs=False` leaves seconds out, so that the text depends on results alone."""
    overview = [_overview(board)] if len(board.collections) > 1 else []
    sections = [_collection_section(board, label, costs) for label in board.collections]
    title = f"# {board.suite}"
    parts = [
        title,
        board.index.description,
        *overview,
        *sections,
        *_summaries(board),
        _notes(board, costs),
        _failures(board),
    ]
    return "\n\n".join(part for part in parts if part) + "\n"


def figure(value: float | None) -> str:
    """A measure as printed: four decimals."""
    return NOTHING if value is None or math.isnan(value) else f"{value:.{DIGITS}f}"


def _overview(board: Board) -> str:
    """First measure of every collection, and means over complete rows alone."""
    first = {label: _measures(record)[0] for label, record in board.collections.items() if _measures(record)}
    groups = _mean_groups(board, first)
    columns = [{label: row.records[label].measures.get(first[label]) for label in row.records if label in first}
               for row in board.rows]  # fmt: skip
    headers = [f"{label} {measure}" for label, measure in first.items()]
    table = [
        [*_name(row), *(values.get(label) for label in first), *(_mean(values, members) for members in groups.values())]
        for row, values in zip(board.rows, columns, strict=True)
    ]
    named = "; ".join(f"{name}: {', '.join(members)}" for name, members in groups.items())
    means = f"Means are over complete rows alone. {named}." if groups else ""
    return "\n\n".join(filter(None, ["## All collections", _table([*_NAME, *headers, *groups], table), means]))


def _mean_groups(board: Board, first: Mapping[str, str]) -> dict[str, list[str]]:
    """Sets of collections that a mean makes sense of: one measure, at least two members."""
    domains: dict[str, list[str]] = {"mean": list(first)}
    for label in first:
        domain = board.collections[label].cell.collection.params["domain"]
        domains.setdefault(f"mean {domain}-of-domain" if domain == "out" else "mean in-domain", []).append(label)
    return {
        name: members
        for name, members in domains.items()
        if len(members) > 1 and len({first[label] for label in members}) == 1
    }


def _mean(values: Mapping[str, float | None], members: Sequence[str]) -> float | None:
    found = [value for label in members if (value := values.get(label)) is not None]
    return sum(found) / len(found) if len(found) == len(members) else None


def _collection_section(board: Board, label: str, costs: bool) -> str:
    rows = [row for row in board.rows if label in row.records]
    described = board.collections[label]
    measures = _measures(described)
    extras = {name: read for name, read in _EXTRAS.items() if any(read(row.records[label]) for row in rows)}
    if costs:
        extras["seconds"] = _seconds
    table = [
        [
            *_name(row),
            row.records[label].cell.candidates,
            *(row.records[label].measures.get(measure) for measure in measures),
            *(read(row.records[label]) or NOTHING for read in extras.values()),
        ]
        for row in rows
    ]
    headers = [*_NAME, "candidates", *measures, *extras]
    return f"## {label}\n\n{_description(described)}\n\n{_table(headers, table)}"


def _description(record: Record) -> str:
    facts = record.provenance.get("collection", {})
    domain = {"in": "In-domain", "out": "Out-of-domain"}[record.cell.collection.params["domain"]]
    parts = [f"{facts.get('documents', NOTHING)} documents, {facts.get('queries', NOTHING)} test queries"]
    parts += [f"{count} {name.replace('_', ' ')}" for name, count in facts.get("counts", {}).items() if count]
    return f"{domain}. {'; '.join(parts)}. Runs are {record.cell.depth} deep."


_NAME = ("model", "postprocessor", "sees")


def _name(row: Row) -> list[str]:
    sees = {record.sees for record in row.records.values() if record.sees}
    return [row.model, row.postprocessor, ", ".join(sorted(sees)) or NOTHING]


def _measures(record: Record) -> list[str]:
    return list(record.cell.collection.params["measures"])


def _table(headers: Sequence[str], rows: Sequence[Sequence[Any]]) -> str:
    """Numbers with four decimals, the best of a column bold; words as they are."""
    cells = [[figure(value) if _is_number(value) else value or NOTHING for value in row] for row in rows]
    for column in range(len(headers)):
        values = [row[column] for row in rows if _is_number(row[column])]
        best = (max if better_when_larger(headers[column].split()[-1]) else min)(values, default=None)
        if best is None or len(rows) == 1:
            continue
        for row in cells:
            if row[column] == figure(best):
                row[column] = f"**{row[column]}**"
    align = ["left" if any(isinstance(row[i], str) for row in rows) else "right" for i in range(len(headers))]
    return tabulate(cells, headers, tablefmt="github", disable_numparse=True, colalign=align)


def _is_number(value: object) -> bool:
    return isinstance(value, float)


def _tuned(record: Record) -> str:
    if record.tuning is None:
        return ""
    chosen = ", ".join(f"{name} {value:g}" for name, value in record.tuning["chosen"].items())
    return f"{chosen} (of {len(record.tuning['tried'])}, {record.tuning['measure']} on {record.tuning['on']})"


def _sparsity(name: str, pattern: str) -> Callable[[Record], str]:
    def read(record: Record) -> str:
        value = record.analysis.get("sparsity", {}).get(name)
        return "" if value is None else format(value, pattern)

    return read


def _w_auc(record: Record) -> str:
    value = record.analysis.get("wackiness", {}).get("robust", {}).get("w_auc")
    return "" if value is None else format(value, ".3f")


def _seconds(record: Record) -> str:
    stages: Mapping[str, Json] = record.costs.get("seconds", {})
    return format(sum(stages.get(stage, 0) for stage in SYSTEM_STAGES), ".1f") if stages else ""


_EXTRAS: dict[str, Callable[[Record], str]] = {
    "tuned": _tuned,
    "L0 query": _sparsity("l0_query", ".1f"),
    "L0 document": _sparsity("l0_document", ".1f"),
    "FLOPS": _sparsity("flops", ".2f"),
    "W-AUC\\*": _w_auc,
}


def _summaries(board: Board) -> list[str]:
    """What the analyzers of the whole suite have to say."""
    return [f"## {label}\n\n{found['summary']}" for label, found in board.index.analyses.items() if "summary" in found]


def _notes(board: Board, costs: bool) -> str:
    lines = [SEES]
    if any("sparsity" in record.analysis for record in board.records):
        lines.append(SPARSITY)
    if costs:
        lines.append(
            f"seconds: {', '.join(SYSTEM_STAGES)}; when vectors came from the store, what they cost when made."
        )
    if board.pending:
        lines.append(f"{board.pending} cells are not computed yet; `sparsebench run {board.suite}` goes on with them.")
    return "\n\n".join(lines)


def _failures(board: Board) -> str:
    lines = [f"- {line}" for line in board.failures]
    return "\n".join([f"## Failed: {len(lines)}", "", *lines]) if lines else ""
