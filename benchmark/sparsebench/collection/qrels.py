"""Judgments in BEIR's three columns or TREC's four."""

from __future__ import annotations

from collections.abc import Container
from pathlib import Path
from typing import NamedTuple

from sparsebench.lines import Mistakes, parse_lines
from sparsebench.types import Qrels

HEADINGS = ("score", "relevance")


class Judgment(NamedTuple):
    """One line of a qrels file."""

    query_id: str
    doc_id: str
    relevance: int


def read_qrels(path: Path, *, query_ids: Container[str]) -> Qrels:
    """Read `query doc grade` (BEIR, a header is optional) or `query iteration doc grade` (TREC) lines.

    Raises CollectionError for malformed lines, queries that are not among `query_ids`, a document judged twice with
    different grades, and a file without judgments.
    """
    qrels: dict[str, dict[str, int]] = {}
    with Mistakes() as mistakes:
        for number, judgment in parse_lines(path, _parse, mistakes):
            if judgment is None:
                continue
            judged = qrels.setdefault(judgment.query_id, {})
            if judgment.query_id not in query_ids:
                mistakes.add(f"{path}:{number}", f"judges query {judgment.query_id!r}, which is not among the queries")
            elif judged.setdefault(judgment.doc_id, judgment.relevance) != judgment.relevance:
                twice = f"document {judgment.doc_id!r} of query {judgment.query_id!r} was judged"
                mistakes.add(f"{path}:{number}", f"{twice} {judged[judgment.doc_id]} before, {judgment.relevance} here")
        if not qrels:
            mistakes.add(f"{path}:1", "there are no judgments")
    return qrels


def _parse(line: str) -> Judgment | None:
    fields = line.split()
    if not fields or fields[-1] in HEADINGS:
        return None
    if len(fields) not in (3, 4):
        raise ValueError(f"a judgment has 3 columns (BEIR) or 4 (TREC), this line has {len(fields)}")
    try:
        return Judgment(query_id=fields[0], doc_id=fields[-2], relevance=int(fields[-1]))
    except ValueError:
        raise ValueError(f"the grade {fields[-1]!r} is not a whole number") from None
