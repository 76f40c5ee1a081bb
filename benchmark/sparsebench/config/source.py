"""YAML text -> values that know their line and column.

Scalars are read by the core schema of YAML 1.2, as editors do: `on` is text and `1e-3` a number, which YAML 1.1, and so
PyYAML, has the other way round.
"""

from __future__ import annotations

import re
import reprlib
from collections.abc import Callable, Mapping
from dataclasses import replace
from functools import partial
from pathlib import Path

import yaml
from yaml.composer import ComposerError
from yaml.reader import ReaderError

from sparsebench.config.limits import DEEPEST, MOST_BYTES, MOST_VALUES
from sparsebench.config.mistakes import Mistakes, Position
from sparsebench.config.tree import Node, Scalar
from sparsebench.errors import SuiteError

_TAG = "tag:yaml.org,2002:"
_HALF_PAIR = re.compile("[\ud800-\udfff]")
_MERGE = f"{_TAG}merge"
_TAGS = {f"{_TAG}{kind}" for kind in ("map", "seq", "str", "int", "float", "bool", "null")}


class _Loader(yaml.SafeLoader):
    """Reads scalars by YAML 1.2; a leading zero makes no octal number, so that digits of a commit stay text."""

    yaml_implicit_resolvers = {}  # noqa: RUF012 - PyYAML's way

    def __init__(self, text: str) -> None:
        super().__init__(text)
        self._level = 0

    def compose_node(self, parent: yaml.Node | None, index: int) -> yaml.Node | None:
        """Stop before PyYAML, which calls itself for each level, has no stack left."""
        if self._level >= DEEPEST:
            mark = self.peek_event().start_mark  # type: ignore[no-untyped-call]
            raise ComposerError(None, None, f"more than {DEEPEST} values within each other", mark)
        self._level += 1
        node = super().compose_node(parent, index)
        self._level -= 1
        return node


for _kind, _pattern, _first in (
    ("null", r"~|null|Null|NULL|", ["~", "n", "N", ""]),
    ("bool", r"true|True|TRUE|false|False|FALSE", list("tTfF")),
    ("int", r"[-+]?(?:0|[1-9][0-9]*)", list("-+0123456789")),
    ("float", r"[-+]?(?:\.[0-9]+|[0-9]+\.[0-9]*|[0-9]+(?=[eE]))(?:[eE][-+]?[0-9]+)?", list("-+.0123456789")),
    ("float", r"[-+]?\.(?:inf|Inf|INF)|\.(?:nan|NaN|NAN)", list("-+.")),
    ("merge", r"<<", ["<"]),
):
    _Loader.add_implicit_resolver(f"{_TAG}{_kind}", re.compile(f"^(?:{_pattern})$"), _first)


Place = Callable[[int, int], Position]
"""Line and column, counted from 1 -> how to name that place."""


def read_source(path: Path, mistakes: Mistakes) -> Node:
    """Read a suite file; its root is a mapping.

    Raises SuiteError where nothing more can be read: no such file, not UTF-8, not YAML, empty.
    """
    try:
        with path.open("rb") as file:  # a device, or a disk image, has no end to read to
            data = file.read(MOST_BYTES + 1)
    except OSError as error:
        raise SuiteError(f"{path}: cannot be read: {error.strerror}") from error
    if len(data) > MOST_BYTES:
        raise SuiteError(f"{path}: has more than {MOST_BYTES:,} bytes, the most of a suite or a recipe")
    place = partial(Position, str(path))
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        before = data[: error.start].decode()
        raise SuiteError(f"{place(*_end(before))}: byte 0x{data[error.start]:02x} is not UTF-8") from error
    root = parse(text, place, mistakes)
    if root is None:
        raise SuiteError(f"{place(1, 1)}: the suite is empty")
    if not isinstance(root.value, Mapping):
        raise SuiteError(f"{root.at}: a suite is a mapping of keys to values, such as `name: my-suite`")
    return root


def parse(text: str, place: Place, mistakes: Mistakes) -> Node | None:
    """Parse one YAML document, None if there is none; raises SuiteError for a mistake of syntax."""
    try:
        loader = _Loader(text)
        root = loader.get_single_node()
        return None if root is None else _Builder(loader, place, mistakes).build(root)
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        at = place(mark.line + 1, mark.column + 1) if mark else place(1, 1)
        reason = ": ".join(filter(None, (error.context, error.problem)))
        raise SuiteError(f"{at}: {reason}") from error
    except ReaderError as error:
        at = place(*_end(text[: error.position]))
        raise SuiteError(f"{at}: the character U+{error.character:04X} is not allowed") from error


def _end(text: str) -> tuple[int, int]:
    """Line and column of what follows `text`."""
    return text.count("\n") + 1, len(text) - text.rfind("\n")


def _bounded(node: Node) -> Node:
    """Raise SuiteError where aliases, which cost nothing to write, name more than can be read."""
    if node.size > MOST_VALUES:
        raise SuiteError(
            f"{node.at}: with its aliases written out this holds {node.size:,} values, and {MOST_VALUES:,} are the most"
        )
    if node.depth > DEEPEST:
        raise SuiteError(f"{node.at}: with its aliases written out, more than {DEEPEST} values are within each other")
    return node


class _Builder:
    """Makes Nodes of what PyYAML composed. Aliases share the Node of their anchor, and so its place."""

    def __init__(self, loader: _Loader, place: Place, mistakes: Mistakes) -> None:
        self._loader, self._place, self._mistakes = loader, place, mistakes
        self._built: dict[int, Node | None] = {}  # None while it is being built

    def build(self, node: yaml.Node) -> Node:
        if id(node) not in self._built:
            self._built[id(node)] = None
            self._built[id(node)] = _bounded(Node(self._value(node), self._at(node)))
        built = self._built[id(node)]
        return built or self._mistaken(node, "an anchor cannot contain itself")

    def _value(self, node: yaml.Node) -> Scalar | tuple[Node, ...] | Mapping[str, Node]:
        if node.tag not in _TAGS:
            return self._mistaken(node, f"the tag {node.tag} has no meaning in a suite").value
        if isinstance(node, yaml.MappingNode):
            return self._mapping(node)
        if isinstance(node, yaml.SequenceNode):
            return tuple(self.build(item) for item in node.value)
        try:
            value: Scalar = self._loader.construct_object(node)
        except (ValueError, LookupError):  # an explicit tag that does not fit, as in `!!int ten`, `!!bool maybe`
            kind = node.tag.removeprefix(_TAG)
            return self._mistaken(node, f"{reprlib.repr(node.value)} is no value of the tag !!{kind}").value
        if isinstance(value, str) and _HALF_PAIR.search(value):
            return self._mistaken(node, "half a surrogate pair (\\uD800 to \\uDFFF alone) is no character").value
        return value

    def _mapping(self, node: yaml.MappingNode) -> Mapping[str, Node]:
        entries: dict[str, Node] = {}
        merged: dict[str, Node] | None = None
        for key_node, value_node in node.value:
            value = self.build(value_node)
            if key_node.tag == _MERGE:
                if merged is not None:
                    self._mistaken(key_node, "the key '<<' is there twice; it takes a list of mappings")
                merged = self._merged(value)
            elif not isinstance(key := self.build(key_node).value, str):
                self._mistaken(key_node, "a key is text (quote it)")
            elif key in entries:
                self._mistaken(key_node, f"the key {key!r} is there twice, first at {entries[key].key_at}")
            else:
                entries[key] = replace(value, key_at=self._at(key_node))
        return {**(merged or {}), **entries}

    def _merged(self, value: Node) -> dict[str, Node]:
        merged: dict[str, Node] = {}
        for source in value.items or (value,):
            if not isinstance(source.value, Mapping):
                self._mistakes.add(source.at, "'<<' takes a mapping, as `<<: *anchor`, or a list of mappings")
            merged = {**source.entries, **merged}
        return merged

    def _at(self, node: yaml.Node) -> Position:
        return self._place(node.start_mark.line + 1, node.start_mark.column + 1)

    def _mistaken(self, node: yaml.Node, message: str) -> Node:
        self._mistakes.add(self._at(node), message)
        return Node(None, self._at(node))
