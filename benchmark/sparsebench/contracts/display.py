"""Columns of the leaderboard and curves of the page, as analyzers declare them where they are registered."""

from __future__ import annotations

import csv
import io
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

from sparsebench.types import Json

CURVE_FILE = ".curve.csv"
"""How the name of a curve file ends."""


@dataclass(frozen=True)
class Column:
    """A column of the leaderboard, filled from the values of an analysis.

    Example:
        >>> Column("L0 query", "l0.query", digits=1).read({"l0": {"query": 5.25}})
        5.25
    """

    label: str
    """Head of the column. Where two analyses of a suite declare the same one, their own labels are added."""

    path: str
    """Place in `Analysis.values`: keys joined by dots, as `robust.w_auc`. A number, a text or None lies there."""

    digits: int = 4
    """Digits after the decimal point."""

    note: str = ""
    """Footnote, in markdown; it stands where the column does."""

    better: Literal["larger", "smaller"] | None = None
    """Which values are better, so that the best is marked; None where that cannot be said."""

    cost: bool = False
    """Whether it is a price: the page draws effectiveness against it."""

    def __post_init__(self) -> None:
        """Raise ValueError for a column that could not be drawn."""
        if not self.label.strip() or not all(self.path.split(".")):
            raise ValueError(f"a column needs a label and a path, not {self.label!r} and {self.path!r}")
        if set(self.label) & set("|<>") or not self.label.isprintable():
            raise ValueError(f"column {self.label!r}: a label is one line of plain text, without | and < and >")
        if not 0 <= self.digits <= 15:
            raise ValueError(f"column {self.label!r}: digits are 0 to 15, not {self.digits}")

    def read(self, values: Mapping[str, Json]) -> float | str | None:
        """The value at the path. Raises KeyError where the values have no such path, or what is there is no value."""
        found: Json = values
        for key in self.path.split("."):
            if not isinstance(found, Mapping) or key not in found:
                raise KeyError(self.path)
            found = found[key]
        if found is None or (isinstance(found, str | int | float) and not isinstance(found, bool)):
            return found
        raise KeyError(self.path)


@dataclass(frozen=True)
class Axis:
    """An axis of a chart. log: whether it is logarithmic. range: its ends; those of the lines where it is None.

    Example:
        >>> Axis("terms", log=True, range=(1, 1000)).range
        (1, 1000)
    """

    title: str
    log: bool = False
    range: tuple[float, float] | None = None


@dataclass(frozen=True)
class Curves:
    """A chart of the HTML page, drawn from files of an analysis.

    A curve file is CSV with a header, whose columns are x, y and, for a band around the line, its low and high end.

    Example:
        >>> Curves("Growth", x=Axis("terms"), y=Axis("share", range=(0, 1)))  # doctest: +ELLIPSIS
        Curves(title='Growth', ...)
    """

    title: str
    """Heading of the chart."""

    x: Axis
    y: Axis
    files: str = f"*{CURVE_FILE}"
    """Pattern of the files, one line each; what `*` stands for is the line's name."""

    note: str = ""
    """Sentences above the chart."""

    compare: Literal["models", "lines"] = "models"
    """What is drawn together: one line of all models, or all lines of one model."""

    first: str = ""
    """Name of the line that is drawn first, where models are compared."""

    beside: Column | None = None
    """A value named beside a line; `{line}` in its path stands for the line's name."""

    def __post_init__(self) -> None:
        """Raise ValueError for a pattern that names no lines."""
        if self.files.count("*") != 1 or not self.files.endswith(CURVE_FILE):
            raise ValueError(f"curves {self.title!r}: files are named by one * and end in {CURVE_FILE}: {self.files!r}")

    def line(self, file: str) -> str | None:
        """The name of the line that a file holds; None for a file of something else."""
        before, _, after = self.files.partition("*")
        inside = file.startswith(before) and file.endswith(after) and len(file) > len(before + after)
        return file[len(before) : len(file) - len(after)] if inside else None


@dataclass(frozen=True)
class Shown:
    """Columns and curves that one analysis of a suite shows."""

    columns: tuple[Column, ...] = ()
    curves: tuple[Curves, ...] = ()

    def check_files(self, files: Mapping[str, str]) -> None:
        """Raise ValueError for a curve file that cannot be drawn; whatever has no chart is not looked at."""
        for name, text in files.items():
            if any(curves.line(name) is not None for curves in self.curves):
                read_points(text, name)

    def missing(self, values: Mapping[str, Json]) -> list[Column]:
        """Columns that the values do not have."""
        return [column for column in self.columns if not _has(column, values)]


def read_points(text: str, name: str) -> list[list[float]]:
    """The points of a curve file: (x, y), or (x, y, low, high). Raises ValueError that names file and line."""
    rows = list(csv.reader(io.StringIO(text)))[1:]
    return [_point(row, f"{name}:{number}") for number, row in enumerate(rows, start=2)]


def _point(row: Sequence[str], where: str) -> list[float]:
    try:
        point = [float(value) for value in row]
    except ValueError:
        point = []
    if len(point) not in (2, 4) or not all(map(math.isfinite, point)):
        raise ValueError(f"{where}: a point of a curve is x and y, or x, y, low and high; this is {','.join(row)!r}")
    return point


def _has(column: Column, values: Mapping[str, Json]) -> bool:
    try:
        column.read(values)
    except KeyError:
        return False
    return True
