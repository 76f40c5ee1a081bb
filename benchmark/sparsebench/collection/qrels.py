"""Judgments in BEIR's three columns or TREC's four."""

from __future__ import annotations

from collections import Counter
from collections.abc import Container, Mapping
from pathlib import Path
from typing import NamedTuple, SupportsIndex

from sparsebench.lines import Mistakes, parse_lines
from sparsebench.types import Qrels

HEADINGS = ("score", "relevance")

LARGEST_GRADE = 10_000
"""trec_eval counts documents by grade, in a table as long as the largest: 2^62 ends the process."""


class Judgment(NamedTuple):
    """One line of a qrels file."""

    query_id: str
    doc_id: str
    relevance: int


class Judged(NamedTuple):
    """Judgments of known queries. counts: lines that were passed over, by reason."""

    qrels: Qrels
    counts: Mapping[str, int]


def read_qrels(path: Path, *, query_ids: Container[str]) -> Judged:
    """Read `query doc grade` (BEIR, a header is optional) or `query iteration doc grade` (TREC) lines.

    Judgments of queries that are not among `query_ids` are passed over and counted, as are those that come twice.
    Raises CollectionError for malformed lines, a document judged twice with different grades, and a file without
    judgments of any of the queries.
    """
    qrels: dict[str, dict[str, int]] = {}
    counts: Counter[str] = Counter()
    with Mistakes() as mistakes:
        for number, judgment in parse_lines(path, _parse, mistakes):
            if judgment is None:
                continue
            if judgment.query_id not in query_ids:
                counts["judgments_of_unknown_queries"] += 1
                continue
            judged = qrels.setdefault(judgment.query_id, {})
            if judgment.doc_id not in judged:
                judged[judgment.doc_id] = judgment.relevance
            elif judged[judgment.doc_id] == judgment.relevance:
                counts["judgments_repeated"] += 1
            else:
                twice = f"document {judgment.doc_id!r} of query {judgment.query_id!r} was judged"
                mistakes.add(f"{path}:{number}", f"{twice} {judged[judgment.doc_id]} before, {judgment.relevance} here")
        if not qrels:
            mistakes.add(f"{path}:1", _none_of(counts["judgments_of_unknown_queries"]))
    return Judged(qrels, counts)


def _none_of(unknown: int) -> str:
    if unknown:
        return f"none of its {unknown} judgments is of one of the queries; are these ids of the same collection?"
    return "there are no judgments"


def whole_grade(grade: object) -> int:
    """A grade as a whole number: `1`, `1.0`, "1.0" are 1.

    Raises ValueError for fractions, what is no number, and numbers that no scale of grades has.
    """
    try:
        if isinstance(grade, bool):
            raise ValueError
        number = int(grade) if isinstance(grade, (int, SupportsIndex)) else float(str(grade))
    except ValueError:
        raise ValueError(f"the grade {grade!r} is not a whole number") from None
    if number != number or (isinstance(number, float) and not number.is_integer()):
        raise ValueError(f"the grade {grade!r} is not a whole number")
    if abs(number) > LARGEST_GRADE:
        raise ValueError(f"the grade {grade!r} is beyond {LARGEST_GRADE:,}; grades are small whole numbers")
    return int(number)


def _parse(line: str) -> Judgment | None:
    fields = line.split()
    if not fields or fields[-1] in HEADINGS:
        return None
    if len(fields) not in (3, 4):
        raise ValueError(f"a judgment has 3 columns (BEIR) or 4 (TREC), this line has {len(fields)}")
    return Judgment(query_id=fields[0], doc_id=fields[-2], relevance=whole_grade(fields[-1]))
