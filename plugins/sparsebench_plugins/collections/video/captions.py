"""A caption of a video, and reading the files that hold them, each mistake with its place."""

from __future__ import annotations

import csv
import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from sparsebench import CollectionError


@dataclass(frozen=True)
class Caption:
    """A text of a video. where: `file:line`, or the file where it has no lines."""

    caption_id: str
    video_id: str
    text: str
    where: str


def numbered(captions: Sequence[tuple[str, str, str]]) -> list[Caption]:
    """Captions without ids of their own, given as (video, text, where): the n-th of a video is `video#n`, from 0.

    Example: `numbered([("v1", "a dog", "a.csv:2")])[0].caption_id` is `"v1#0"`.
    """
    counts: dict[str, int] = {}
    found = []
    for video_id, text, where in captions:
        number = counts[video_id] = counts.get(video_id, -1) + 1
        found.append(Caption(f"{video_id}#{number}", video_id, text, where))
    return found


def joined(captions: Sequence[tuple[str, str, str]]) -> list[Caption]:
    """One caption a video: all its texts in their order, with a space between, as (video, text, where)."""
    texts: dict[str, list[str]] = {}
    places: dict[str, str] = {}
    for video_id, text, where in captions:
        texts.setdefault(video_id, []).append(text.strip())
        places.setdefault(video_id, where)
    return [Caption(name, name, " ".join(parts), places[name]) for name, parts in texts.items()]


def read_csv(path: Path, columns: Sequence[str]) -> Iterator[tuple[dict[str, str], str]]:
    """Rows of a csv file with a header, and where each ends. Raises CollectionError where a column is missing."""
    try:
        with path.open(encoding="utf-8-sig", newline="") as file:
            reader = csv.DictReader(file, strict=True)
            lacking = [name for name in columns if name not in (reader.fieldnames or ())]
            if lacking:
                there = ", ".join(reader.fieldnames or ()) or "none"
                raise CollectionError(f"{path}:1: there is no column {', '.join(lacking)}; there is: {there}")
            for row in reader:
                where = f"{path}:{reader.line_num}"
                if None in row or None in row.values():
                    raise CollectionError(f"{where}: it has another number of columns than the header")
                yield row, where
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        raise CollectionError(f"{path}: cannot be read as csv: {error}") from error


def read_lines(path: Path) -> list[str]:
    """Lines of a text file, stripped, without empty ones. Raises CollectionError."""
    try:
        return [line.strip() for line in path.read_text(encoding="utf-8-sig").split("\n") if line.strip()]
    except (OSError, UnicodeDecodeError) as error:
        raise CollectionError(f"{path}: cannot be read: {error}") from error


def read_json(path: Path) -> Any:
    """A JSON file. Raises CollectionError with `file:line:column`."""
    try:
        return json.loads(path.read_text(encoding="utf-8-sig"))
    except json.JSONDecodeError as error:
        raise CollectionError(f"{path}:{error.lineno}:{error.colno}: not JSON: {error.msg}") from error
    except (OSError, UnicodeDecodeError) as error:
        raise CollectionError(f"{path}: cannot be read: {error}") from error


def field(record: Any, name: str, kind: type, where: str) -> Any:
    """A field of a JSON object. Raises CollectionError where it is missing or of another type."""
    value = record.get(name) if isinstance(record, dict) else None
    if not isinstance(value, kind):
        raise CollectionError(f"{where}: {name!r} should be {kind.__name__}, and is {type(value).__name__}")
    return value
