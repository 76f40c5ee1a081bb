"""`sparsebench explain SUITE CELL --query ID`."""

from __future__ import annotations

from collections.abc import Mapping
from textwrap import shorten
from typing import Any

import click
from tabulate import tabulate

from sparsebench.cli.exits import Exit
from sparsebench.cli.options import example, suite_options
from sparsebench.cli.output import echo
from sparsebench.errors import SparsebenchError
from sparsebench.evaluate.explain import Explanation, explain
from sparsebench.evaluate.group import Evaluation
from sparsebench.planning.select import cell_name
from sparsebench.planning.session import open_session
from sparsebench.provenance import Stopwatch
from sparsebench.registry import discover

MOST_TERMS = 40
TEXT_WIDTH = 60


@click.command("explain", epilog=example("sparsebench explain quickstart mini/web/bm25/none --query wq001"))
@suite_options
@click.argument("cell")
@click.option("--query", "query_id", required=True, help="The id of a test query.")
@click.option("--top", type=click.IntRange(min=1), default=5, show_default=True, help="How many documents.")
def command(cell: str, query_id: str, top: int, **options: Any) -> int:
    """Explain one query of one CELL of SUITE (collection/model/postprocessor, or a pattern that matches one).

    Shows the query's terms with their weights, the top documents with their relevance, and what each term adds to
    each document's raw score, before and after the postprocessor.
    """
    session = open_session(**{**options, "only": [cell]})
    if len(session.plan.cells) != 1:
        names = "\n".join(f"  {cell_name(group, found.spec.label)}" for group, found in session.plan.cells)
        raise SparsebenchError(f"{cell!r} matches {len(session.plan.cells)} cells; name one of:\n{names}")
    session.check_devices()
    group, planned = session.plan.cells[0]
    evaluation = Evaluation(group, session.store, session.progress, Stopwatch())
    plain = discover(options["plugin_switches"]).get("postprocessors", "none").plugin.factory()
    echo(_render(cell_name(group, planned.spec.label), explain(evaluation, planned, plain, query_id, top)))
    return Exit.OK


def _render(name: str, explanation: Explanation) -> str:
    rows = [
        [hit.rank, hit.raw_rank or "–", hit.doc_id, _grade(hit.relevance), f"{hit.score:.4f}",
         "–" if hit.raw_score is None else f"{hit.raw_score:.4f}", _sum(hit.contributions),
         shorten(hit.text, TEXT_WIDTH, placeholder="…")]
        for hit in explanation.hits
    ]  # fmt: skip
    headers = [
        "rank",
        "raw rank",
        "document",
        "relevance",
        "score",
        "raw score",
        "largest contributions to raw score",
        "text",
    ]
    parts = [
        f"{name}, query {explanation.query.query_id}: {explanation.query.text}",
        _terms(explanation),
        tabulate(rows, headers, tablefmt="github", disable_numparse=True),
        f"{explanation.relevant_missed} relevant documents are not among these." if explanation.relevant_missed else "",
    ]
    return "\n\n".join(part for part in parts if part)


def _terms(explanation: Explanation) -> str:
    """Two lines: the query's own terms, and its expansion."""
    if not explanation.terms:
        return ""
    lines = []
    for title, original in (("original", True), ("expansion", False)):
        found = [term for term in explanation.terms if term.original is original]
        words = ", ".join(f"{term.token} {term.weight:.2f}" for term in found[:MOST_TERMS])
        more = f", and {len(found) - MOST_TERMS} more" if len(found) > MOST_TERMS else ""
        lines.append(f"{title} ({len(found)}): {words}{more}")
    return "\n".join(lines)


def _grade(relevance: int | None) -> str:
    return "unjudged" if relevance is None else str(relevance)


def _sum(contributions: Mapping[str, float], most: int = 6) -> str:
    shown = ", ".join(f"{token} {value:.2f}" for token, value in list(contributions.items())[:most])
    rest = sum(list(contributions.values())[most:])
    return f"{shown}, {len(contributions) - most} others {rest:.2f}" if len(contributions) > most else shown
