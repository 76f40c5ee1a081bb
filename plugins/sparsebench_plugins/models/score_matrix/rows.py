"""Match the rows of a file to ids."""

from __future__ import annotations

import csv
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from sparsebench import ModelError

MOST_NAMED = 5


def rows_of(
    asked: Sequence[str], ids: Path | None, size: int, *, whose: str, parameter: str, column: str | None = None
) -> np.ndarray | None:
    """The row of each id that is asked for, (len(asked),); None where it is every row in its order.

    Without a file of ids the rows are those that are asked for, in their order. column: of a csv file, where the ids
    stand in one. Raises ModelError where that cannot be, for a row without an id, an id given twice, and ids that are
    not there.
    """
    if ids is None:
        if len(asked) != size:
            raise ModelError(
                f"there are {size} rows of {whose}, and {len(asked)} {whose} are asked for: without ids they must be "
                f"the same, in the order of the collection. Name the rows with `{parameter}:`, a file of one id a line "
                f"or a csv file and its column, `id_columns: {{{parameter}: COLUMN}}`"
            )
        return None
    names = _lines(ids) if column is None else _column(ids, column, size)
    places = _places(ids, names, size, whose)
    absent = [name for name in asked if name not in places]
    if absent:
        named = ", ".join(map(repr, absent[:MOST_NAMED]))
        raise ModelError(f"{ids}: {len(absent)} of {len(asked)} {whose} are not there, such as {named}")
    rows = np.array([places[name] for name in asked], dtype=np.int64)
    return None if np.array_equal(rows, np.arange(size)) else rows


def _lines(path: Path) -> list[tuple[int, str]]:
    """Line and id, of a file of one id a line."""
    try:
        return list(enumerate(path.read_text(encoding="utf-8").splitlines(), start=1))
    except UnicodeDecodeError as error:
        raise ModelError(f"{path}: ids are not UTF-8: {error}") from error


def _column(path: Path, column: str, size: int) -> list[tuple[int, str]]:
    """Line and id, of a column of a csv file with a header.

    A file of captions names a video on several lines: where the different ids are as many as the rows, each is taken
    once.
    """
    try:
        with path.open(encoding="utf-8-sig", newline="") as file:
            reader = csv.DictReader(file)
            if column not in (reader.fieldnames or ()):
                there = ", ".join(map(repr, reader.fieldnames or ())) or "nothing"
                raise ModelError(f"{path}:1: there is no column {column!r}; there is: {there}")
            found = [(reader.line_num, (row[column] or "").strip()) for row in reader]
    except (UnicodeDecodeError, csv.Error) as error:
        raise ModelError(f"{path}: cannot be read as csv: {error}") from error
    first = {name: line for line, name in reversed(found)}
    return [(line, name) for line, name in found if first[name] == line] if len(first) == size else found


def _places(path: Path, names: Sequence[tuple[int, str]], size: int, whose: str) -> dict[str, int]:
    """Id -> row."""
    if len(names) != size:
        raise ModelError(f"{path}: {len(names)} ids for {size} rows of {whose}; there is one id a line, in their order")
    places: dict[str, int] = {}
    for row, (line, name) in enumerate(names):
        if places.setdefault(name, row) != row:
            raise ModelError(f"{path}:{line}: id {name!r} is already at line {names[places[name]][0]}")
    return places
