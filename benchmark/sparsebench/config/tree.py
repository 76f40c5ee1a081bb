"""A suite's values with their places, before anything is known about what they mean."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from functools import cached_property

from sparsebench.config.mistakes import Position
from sparsebench.config.validation import KeyPath
from sparsebench.types import Json

Scalar = str | int | float | bool | None


@dataclass(frozen=True)
class Node:
    """A value of a suite with its place; as an entry of a mapping also the place of its key.

    of_shell: its text begins with a variable, so that as a path it is one of the shell and not of the suite's folder.
    """

    value: Scalar | tuple[Node, ...] | Mapping[str, Node]
    at: Position
    key_at: Position | None = None
    of_shell: bool = False

    @property
    def items(self) -> tuple[Node, ...]:
        """The items of a list; none where this is no list."""
        return self.value if isinstance(self.value, tuple) else ()

    @property
    def entries(self) -> Mapping[str, Node]:
        """The entries of a mapping; none where this is no mapping."""
        return self.value if isinstance(self.value, Mapping) else {}

    @cached_property
    def size(self) -> int:
        """Return the number of values it holds, itself among them, aliases written out; an alias is counted once."""
        within = self.items or self.entries.values()
        return 1 + sum(node.size for node in within)

    @cached_property
    def depth(self) -> int:
        """Return the depth of nesting of its values, itself the first."""
        return 1 + max((node.depth for node in self.items or self.entries.values()), default=0)

    @property
    def text(self) -> str | None:
        """The text; None where this is none."""
        return self.value if isinstance(self.value, str) else None

    def plain(self) -> Json:
        """The values alone."""
        if isinstance(self.value, tuple):
            return [item.plain() for item in self.value]
        if isinstance(self.value, Mapping):
            return {key: entry.plain() for key, entry in self.value.items()}
        return self.value

    def locate(self, path: KeyPath) -> Position:
        """The place of the key or the item at `path`, or of the deepest one on the way that exists."""
        node, place = self, self.at
        for part in path:
            if isinstance(part, str) and part in node.entries:
                node = node.entries[part]
                place = node.key_at or node.at
            elif isinstance(part, int) and part < len(node.items):
                node = node.items[part]
                place = node.at
            else:
                break
        return place

    def with_entries(self, entries: Mapping[str, Node]) -> Node:
        """Return a copy of the mapping with these entries added or replaced."""
        return replace(self, value={**self.entries, **entries})

    def without(self, *keys: str) -> Node:
        """Return a copy of the mapping without these keys."""
        return replace(self, value={key: entry for key, entry in self.entries.items() if key not in keys})


def choose(lists: Mapping[str, Node], values: Iterable[Node]) -> dict[str, Node]:
    """One value of each list in its place; a mistake in any of them is at the key of the list."""
    pairs = zip(lists.items(), values, strict=True)
    return {key: replace(value, key_at=values_of_key.key_at) for (key, values_of_key), value in pairs}
