"""Overrides of single values: `--set path.of.keys=value`."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace

from sparsebench.config.mistakes import Mistakes, Position
from sparsebench.config.source import Place, parse
from sparsebench.config.tree import Node
from sparsebench.errors import did_you_mean


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
    """Set the value at a path.

    Raises LookupError with a message where the path leads nowhere; its last key may be new.
    """
    key, *rest = path
    if isinstance(node.value, tuple):
        if not (key.isdecimal() and int(key) < len(node.items)):
            raise LookupError(f"there is no {key!r} in a list of {len(node.items)}; positions count from 0")
        items = list(node.items)
        items[int(key)] = _set(items[int(key)], rest, new) if rest else new
        return replace(node, value=tuple(items))
    node = with_name(node)
    if not isinstance(node.value, Mapping):
        raise LookupError(f"there is no {key!r} in {node.plain()!r}")
    if rest and key not in node.entries:
        raise LookupError(f"there is no {key!r}.{did_you_mean(key, node.entries)}")
    return node.with_entries({key: _set(node.entries[key], rest, new) if rest else new})


def with_name(entry: Node) -> Node:
    """`bm25` is short for `{name: bm25}`."""
    return entry if entry.text is None else replace(entry, value={"name": replace(entry, key_at=None)})
