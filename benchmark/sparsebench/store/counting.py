"""A store that counts the texts whose vectors or features it gave and took."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from sparsebench.store.store import Artefact, Store
from sparsebench.types import Json

ROWS = "shape"
"""The fact of an artefact of texts or items that says how many these are; others do not count."""


@dataclass(frozen=True)
class Used:
    """Key of an artefact -> how many texts or items it is of. made: encoded. read: asked for, made before or not.

    Example: `Used({"a": 50}, {"a": 50, "b": 10}).encoded` is 50, and `.reused` is 10.
    """

    made: Mapping[str, int] = field(default_factory=dict)
    read: Mapping[str, int] = field(default_factory=dict)

    @classmethod
    def together(cls, several: Iterable[Used]) -> Used:
        """Sum up several processes: rows that one of them made and another read count as made."""
        made: dict[str, int] = {}
        read: dict[str, int] = {}
        for each in several:
            made |= each.made
            read |= each.read
        return cls(made, read)

    @property
    def encoded(self) -> int:
        """Texts that were encoded."""
        return sum(self.made.values())

    @property
    def reused(self) -> int:
        """Texts whose vectors were there."""
        return sum(rows for key, rows in self.read.items() if key not in self.made)


class CountingStore(Store):
    """A Store that counts its use; `taken()` says what has been used since it was asked last.

    Example: `store = CountingStore(root); store.find("vectors", key); store.taken().reused`.
    """

    def __init__(self, root: Path) -> None:
        super().__init__(root)
        self._made: dict[str, int] = {}
        self._read: dict[str, int] = {}

    def find(self, kind: str, key: str) -> Artefact | None:
        """Find an artefact like `Store.find`, and count its rows as read."""
        found = super().find(kind, key)
        if found is not None and ROWS in found.facts:
            self._read[key] = int(found.facts[ROWS][0])
        return found

    @contextmanager
    def writing(self, kind: str, key: str, facts: dict[str, Json]) -> Iterator[Path]:
        """Write an artefact like `Store.writing`, and count its rows as made."""
        with super().writing(kind, key, facts) as folder:
            yield folder
        if ROWS in facts:
            self._made[key] = int(facts[ROWS][0])

    def taken(self) -> Used:
        """Return what has been used since the last call, and count from nothing again."""
        used = Used(self._made, self._read)
        self._made, self._read = {}, {}
        return used
