"""A suite as it is written -> as it is meant: its includes merged, overrides applied, grids spelled out."""

from __future__ import annotations

import itertools
import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from pathlib import Path

from benchmark.errors import SuiteError, did_you_mean
from benchmark.suite.find import find_suite
from benchmark.suite.mistakes import Mistakes, Position
from benchmark.suite.paths import interpolate
from benchmark.suite.schema import PLUGIN_SPECS, Tuning
from benchmark.suite.source import Place, parse, read_source
from benchmark.suite.trainings import training_points
from benchmark.suite.tree import Node, choose

# ── include ─────────────────────────────────────────────────────────────────────────────────────────────────


def read_with_includes(
    path: Path, environ: Mapping[str, str], mistakes: Mistakes, including: tuple[Path, ...] = ()
) -> Node:
    """Read a suite file and all that it includes: lists come one after the other, for the rest it wins itself."""
    suite = read_source(path, mistakes)
    include = suite.entries.get("include")
    if include is None:
        return suite
    trail = (*including, path.resolve())
    merged = replace(suite, value={})
    for each in include.items or (include,):
        if found := _find(each, path.parent, environ, mistakes, trail):
            merged = _merge(merged, read_with_includes(found, environ, mistakes, trail))
    return _merge(merged, suite.without("include"))


def _find(
    node: Node, folder: Path, environ: Mapping[str, str], mistakes: Mistakes, trail: tuple[Path, ...]
) -> Path | None:
    name = interpolate(node, environ, mistakes).text
    if name is None:
        mistakes.add(node.at, "'include' should be the path or the name of a suite, or a list of them")
        return None
    try:
        found = find_suite(name, folder)
    except SuiteError as error:
        mistakes.add(node.at, str(error))
        return None
    if found.resolve() in trail:
        mistakes.add(node.at, f"{name} includes itself: {' -> '.join(path.name for path in (*trail, found))}")
        return None
    return found


def _merge(base: Node, over: Node) -> Node:
    lists = {key: _concatenate(base.entries[key], node) for key, node in over.entries.items() if key in base.entries}
    return replace(over, value={**base.entries, **over.entries, **lists})


def _concatenate(base: Node, over: Node) -> Node:
    if not (isinstance(base.value, tuple) and isinstance(over.value, tuple)):
        return over
    # An entry that two suites share, as `none` or a collection included on two ways, is meant once.
    there = [item.plain() for item in base.items]
    return replace(over, value=(*base.items, *(item for item in over.items if item.plain() not in there)))


# ── overrides ───────────────────────────────────────────────────────────────────────────────────────────────


def override(tree: Node, overrides: Iterable[str], mistakes: Mistakes) -> Node:
    """Apply `path.of.keys.and.positions=value` in turn; the value is read as YAML."""
    for text in overrides:
        path, equals, value = text.partition("=")
        place = Position(f"--set {path}")
        if not equals:
            mistakes.add(place, "should be a path and a value, as in `--set models.0.checkpoint=naver/splade-v3`")
            continue
        new = parse(value, _always(place), mistakes) or Node(None, place)
        try:
            tree = _set(tree, path.split("."), replace(new, key_at=place))
        except LookupError as error:
            mistakes.add(place, str(error.args[0]))
    return tree


def _always(place: Position) -> Place:
    return lambda line, column: place


def _set(node: Node, path: list[str], new: Node) -> Node:
    """Raises LookupError with a message where the path leads nowhere; its last key may be new."""
    key, *rest = path
    if isinstance(node.value, tuple):
        if not (key.isdecimal() and int(key) < len(node.items)):
            raise LookupError(f"there is no {key!r} in a list of {len(node.items)}; positions count from 0")
        items = list(node.items)
        items[int(key)] = _set(items[int(key)], rest, new) if rest else new
        return replace(node, value=tuple(items))
    node = _with_name(node)
    if not isinstance(node.value, Mapping):
        raise LookupError(f"there is no {key!r} in {node.plain()!r}")
    if rest and key not in node.entries:
        raise LookupError(f"there is no {key!r}.{did_you_mean(key, node.entries)}")
    return node.with_entries({key: _set(node.entries[key], rest, new) if rest else new})


# ── plugins' entries ────────────────────────────────────────────────────────────────────────────────────────


def spell_out(tree: Node, mistakes: Mistakes) -> Node:
    """Give each entry of a plugin the shape of its spec: one entry for each point of a grid, parameters apart."""
    lists: dict[str, Node] = {}
    for kind, spec in PLUGIN_SPECS.items():
        if (node := tree.entries.get(kind)) and node.items:
            own_keys = spec.model_fields.keys() - {"params"}
            points = [
                training
                for entry in node.items
                for point in grid_points(_with_name(entry), mistakes)
                for training in (training_points(point, mistakes) if kind == "models" else (point,))
            ]
            lists[kind] = replace(node, value=tuple(_set_apart(point, "params", own_keys) for point in points))
    return tree.with_entries(lists)


def _with_name(entry: Node) -> Node:
    """`bm25` is short for `{name: bm25}`."""
    return entry if entry.text is None else replace(entry, value={"name": replace(entry, key_at=None)})


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


def _set_apart(entry: Node, name: str, own_keys: Iterable[str]) -> Node:
    """Move the keys that are not the harness's own, but the plugin's, into a mapping of their own."""
    if not isinstance(entry.value, Mapping):
        return entry
    own = {key: node for key, node in entry.entries.items() if key in own_keys}
    others = {key: node for key, node in entry.entries.items() if key not in own}
    if name == "params" and "tune" in own:
        own["tune"] = _set_apart(own["tune"], "parameters", Tuning.model_fields.keys() - {"parameters"})
    return replace(entry, value={**own, name: Node(others, entry.at)})
