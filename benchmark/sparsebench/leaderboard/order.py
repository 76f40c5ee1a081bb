"""The order of rows, and trainings of one condition with several seeds as one row."""

from __future__ import annotations

import math
import re
import statistics
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Literal

from sparsebench.leaderboard.board import Row
from sparsebench.leaderboard.figures import Field, Figure

_SEED = re.compile(r"(?:,seed=[^,\[\]]+|\bseed=[^,\[\]]+,?)(?=[^\[\]]*\])")


@dataclass(frozen=True)
class Line:
    """A row of the board with one field a column. folded: the rows of single seeds that it is the mean of."""

    row: Row
    fields: tuple[Field, ...]
    folded: tuple[Line, ...] = ()


def condition(label: str) -> str:
    """The label of a model without the seed of its training.

    >>> condition("h1[vocabulary=2000,seed=3]"), condition("h1[seed=0]")
    ('h1[vocabulary=2000]', 'h1')
    """
    return _SEED.sub("", label).replace("[]", "")


def folded(lines: Sequence[Line]) -> list[Line]:
    """Rows that differ in their seed alone become one: means, with the standard deviation over seeds beside them."""
    groups: dict[tuple[str, str], list[Line]] = {}
    for line in lines:
        groups.setdefault((condition(line.row.model), line.row.postprocessor), []).append(line)
    return [_mean_line(name, group) if len(group) > 1 else group[0] for (name, _), group in groups.items()]


def _mean_line(name: str, group: Sequence[Line]) -> Line:
    fields = tuple(_mean_field(fields) for fields in zip(*(line.fields for line in group), strict=True))
    return Line(replace(group[0].row, model=name), fields, tuple(group))


def _mean_field(fields: Sequence[Field]) -> Field:
    """A hole where any seed has one: a mean of some of them would be compared with means of all."""
    figures = [field for field in fields if isinstance(field, Figure)]
    if len(figures) < len(fields):
        return fields[0] if len(set(map(str, fields))) == 1 and not figures else None
    values = [figure.value for figure in figures]
    marks = {figure.mark for figure in figures}
    return replace(
        figures[0],
        value=math.fsum(values) / len(values),
        interval=None,
        spread=statistics.stdev(values),
        mark=marks.pop() if len(marks) == 1 else "",
        noise=None,
    )


def best_first(lines: Sequence[Line], place: int, better: Literal["larger", "smaller"]) -> list[Line]:
    """Rows by one column; equal ones stay in the suite's order, and those without a number come last."""
    sign = -1 if better == "larger" else 1

    def key(line: Line) -> tuple[bool, float]:
        field = line.fields[place]
        return (False, sign * field.value) if isinstance(field, Figure) else (True, 0.0)

    return sorted((replace(line, folded=tuple(sorted(line.folded, key=key))) for line in lines), key=key)
