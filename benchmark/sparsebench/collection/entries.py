"""What the lines of a documents or queries file become, with the rules that every id and text keeps."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

from sparsebench.lines import Mistakes, parse_lines
from sparsebench.types import Query

_ID = re.compile(r"[^\s\0]+")


class Entry(NamedTuple):
    """A document or a query."""

    id: str
    text: str


def full_text(title: str, text: str) -> str:
    """Title, a space, text; the space goes where either is missing (METHODS 1, and BEIR's own rule)."""
    return f"{title} {text}".strip()


def checked_id(found: str) -> str:
    """Return an id, or raise ValueError where a TREC run could not hold it."""
    if not _ID.fullmatch(found):
        raise ValueError(f"the id {found!r} is empty or has white space, which a TREC run cannot hold")
    return found


def from_json(line: str) -> Entry:
    """An entry of BEIR's jsonl; raises ValueError."""
    try:
        record = json.loads(line)
    except json.JSONDecodeError as error:
        raise ValueError(f"column {error.colno}: not JSON: {error.msg}") from None
    if not isinstance(record, dict):
        raise ValueError("not a JSON object")
    entry = Entry(_string(record, "_id"), full_text(record.get("title") or "", _string(record, "text")))
    return _checked(entry)


def from_tsv(line: str) -> Entry:
    """An entry of `id<TAB>text`; raises ValueError."""
    found, tab, text = line.partition("\t")
    if not tab:
        raise ValueError("no tab between id and text")
    return _checked(Entry(found, text.strip()))


def parse_queries(path: Path, parse: Callable[[str], Entry]) -> tuple[Query, ...]:
    """All queries of a file, in its order. Raises CollectionError for malformed lines and duplicate ids."""
    seen: dict[str, int] = {}
    queries = []
    with Mistakes() as mistakes:
        for number, (query_id, text) in parse_lines(path, parse, mistakes):
            if seen.setdefault(query_id, number) != number:
                mistakes.add(f"{path}:{number}", f"query id {query_id!r} is already on line {seen[query_id]}")
            queries.append(Query(query_id, text))
        if not seen:
            mistakes.add(f"{path}:1", "there are no queries")
    return tuple(queries)


def _string(record: dict[str, object], key: str) -> str:
    value = record.get(key)
    if not isinstance(value, str):
        raise ValueError(f"{key!r} is missing" if value is None else f"{key!r} is not a string")
    return value


def _checked(entry: Entry) -> Entry:
    checked_id(entry.id)
    entry.text.encode()  # JSON can spell half a surrogate pair, which no UTF-8 can hold: UnicodeEncodeError
    return entry
