"""`grid:`: one entry for each combination of values."""

from __future__ import annotations

import itertools
import json
from collections.abc import Iterator
from dataclasses import replace

from sparsebench.config.limits import few_enough
from sparsebench.config.mistakes import Mistakes, Position
from sparsebench.config.tree import Node, choose


def grid_points(entry: Node, mistakes: Mistakes) -> Iterator[Node]:
    """One entry for each combination of the values in its `grid`, with a label that names them."""
    grid = entry.entries.get("grid")
    if grid is None:
        yield entry
        return
    base = entry.without("grid")
    if wrong := _wrong_grid(entry, grid):
        mistakes.add(*wrong)
        yield base
        return
    if not few_enough([entry], "a grid's entries", mistakes):
        yield base
        return
    label = base.entries.get("label") or base.entries.get("name")
    for values in itertools.product(*(values.items for values in grid.entries.values())):
        point = choose(grid.entries, values)
        if label is not None and label.text is not None:
            named = ",".join(f"{key}={_show(value)}" for key, value in point.items())
            point["label"] = replace(label, value=f"{label.text}[{named}]")
        yield base.with_entries(point)


def _wrong_grid(entry: Node, grid: Node) -> tuple[Position, str] | None:
    if not grid.entries:
        return grid.at, "'grid' should be a mapping of parameters to lists of values"
    for key, values in grid.entries.items():
        if not values.items:
            return values.at, f"{key!r} should be a list of values to go through, for it is in a grid"
        if key in entry.entries or key in ("name", "label"):
            return grid.locate((key,)), f"{key!r} has one value by itself, and cannot be in a grid too"
    return None


def _show(value: Node) -> str:
    value = value.entries.get("name", value)
    return value.text if value.text is not None else json.dumps(value.plain())
