"""Which row of a file belongs to which id."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np

from sparsebench import ModelError

MOST_NAMED = 5


def rows_of(asked: Sequence[str], ids: Path | None, size: int, *, whose: str, parameter: str) -> np.ndarray | None:
    """The row of each id that is asked for, (len(asked),); None where it is every row in its order.

    Without a file of ids the rows are those that are asked for, in their order. Raises ModelError where that cannot
    be, for a row without an id, an id given twice, and ids that are not there.
    """
    if ids is None:
        if len(asked) != size:
            raise ModelError(
                f"there are {size} rows of {whose}, and {len(asked)} {whose} are asked for: without ids they must be "
                f"the same, in the order of the collection. Name the rows with `{parameter}:`, a file of one id a line"
            )
        return None
    places = _read(ids, size, whose)
    absent = [name for name in asked if name not in places]
    if absent:
        named = ", ".join(map(repr, absent[:MOST_NAMED]))
        raise ModelError(f"{ids}: {len(absent)} of {len(asked)} {whose} are not there, such as {named}")
    rows = np.array([places[name] for name in asked], dtype=np.int64)
    return None if np.array_equal(rows, np.arange(size)) else rows


def _read(path: Path, size: int, whose: str) -> dict[str, int]:
    """Id -> row."""
    try:
        names = path.read_text(encoding="utf-8").splitlines()
    except UnicodeDecodeError as error:
        raise ModelError(f"{path}: ids are not UTF-8: {error}") from error
    if len(names) != size:
        raise ModelError(f"{path}: {len(names)} ids for {size} rows of {whose}; there is one id a line, in their order")
    places: dict[str, int] = {}
    for row, name in enumerate(names):
        if places.setdefault(name, row) != row:
            raise ModelError(f"{path}:{row + 1}: id {name!r} is already at line {places[name] + 1}")
    return places
