"""Parse the lines of documents and queries files, and check the rules that every id and text keeps."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import NamedTuple

from sparsebench.lines import Mistakes, parse_lines
from sparsebench.types import Query, Topics

_ID = re.compile(r"[^\s\0]+")

LONGEST_ID = 1024
"""Bytes. Ids of a corpus lie in an array as wide as the longest: one of 20,000 would cost 20,000 for each."""

_ID_HEADER = r"(_?id|(doc|document|query|corpus|video)[_-]?id|did|pid|qid|key)"
_HEADER = re.compile(
    _ID_HEADER + r"\t(text|query|title|body|contents|passage|document|caption|sentence|question|description)\s*",
    re.IGNORECASE,
)
"""A first line that names its columns. No collection has such an id with such a text."""


class Entry(NamedTuple):
    """A document or a query."""

    id: str
    text: str


def full_text(title: str, text: str) -> str:
    """Title, a space, text; the space goes where either is missing (METHODS 1, and BEIR's own rule)."""
    return f"{title} {text}".strip()


def checked_id(found: str) -> str:
    """Return an id, or raise ValueError where a TREC run could not hold it, or it is longer than any id is."""
    if not _ID.fullmatch(found):
        raise ValueError(f"the id {found!r} is empty or has white space, which a TREC run cannot hold")
    if len(found) > LONGEST_ID or len(found.encode()) > LONGEST_ID:
        size = len(found.encode())
        raise ValueError(f"the id {found[:40] + '…'!r} has {size:,} bytes, and {LONGEST_ID:,} are the most; shorten it")
    return found


def from_json(line: str) -> Entry:
    """An entry of BEIR's jsonl; raises ValueError."""
    try:
        record = json.loads(line)
    except json.JSONDecodeError as error:
        raise ValueError(f"column {error.colno}: not JSON: {error.msg}") from None
    except RecursionError:
        raise ValueError("not JSON that can be read: too many levels within each other") from None
    if not isinstance(record, dict):
        raise ValueError("not a JSON object")
    title = "" if record.get("title") is None else _string(record, "title")
    return _checked(Entry(_id(record), full_text(title, _string(record, "text"))))


def from_tsv(line: str) -> Entry:
    """An entry of `id<TAB>text`; raises ValueError."""
    found, tab, text = line.partition("\t")
    if not tab:
        raise ValueError("no tab between id and text")
    if "\t" in text:
        place = len(found) + text.index("\t") + 2
        raise ValueError(f"column {place}: a second tab; a line is one id, a tab and one text: join what is one text")
    if _HEADER.fullmatch(line):
        raise ValueError(f"{line!r} is a header, and files of ids and texts have none; remove the line")
    return _checked(Entry(found, text.strip()))


def heading(line: str) -> bool:
    """Return whether a line names a column of ids."""
    return re.fullmatch(_ID_HEADER, line.strip(), re.IGNORECASE) is not None


def parse_queries(path: Path, parse: Callable[[str], Entry]) -> Topics:
    """Return all queries of a file of a line each, as `gather_queries` does."""
    with Mistakes() as mistakes:
        return gather_queries(path, parse_lines(path, parse, mistakes), mistakes)


def gather_queries(path: Path, entries: Iterable[tuple[int, Entry]], mistakes: Mistakes) -> Topics:
    """Return all queries of a file, in its order; one that comes again with the same text is taken once and counted.

    Raises CollectionError for malformed lines, and ids that come again with another text.
    """
    seen: dict[str, tuple[int, str]] = {}
    repeated = 0
    for number, (query_id, text) in entries:
        first, known = seen.setdefault(query_id, (number, text))
        if text != known:
            mistakes.add(f"{path}:{number}", f"query id {query_id!r} is already on line {first}, with another text")
        repeated += first != number
    if not seen:
        mistakes.add(f"{path}:1", "there are no queries")
    queries = tuple(Query(query_id, text) for query_id, (_, text) in seen.items())
    return Topics(queries, counts={"queries_repeated": repeated} if repeated else {})


def _id(record: dict[str, object]) -> str:
    """Return the value of `_id`; a whole number is taken as the digits that the judgments have."""
    value = record.get("_id")
    return str(value) if isinstance(value, int) and not isinstance(value, bool) else _string(record, "_id")


def _string(record: dict[str, object], key: str) -> str:
    value = record.get(key)
    if isinstance(value, str):
        return value
    if value is None:
        raise ValueError(f"{key!r} is {'null' if key in record else 'missing'}; there are {_keys(record)}")
    shown = json.dumps(value, ensure_ascii=False)
    shown = shown if len(shown) <= 40 else f"{shown[:40]}…"
    raise ValueError(f"{key!r} is {shown}, of type {type(value).__name__}; it should be one string")


def _keys(record: dict[str, object]) -> str:
    return ", ".join(map(repr, list(record)[:10])) or "no keys"


def _checked(entry: Entry) -> Entry:
    checked_id(entry.id)
    entry.text.encode()  # JSON can spell half a surrogate pair, which no UTF-8 can hold: UnicodeEncodeError
    return entry
