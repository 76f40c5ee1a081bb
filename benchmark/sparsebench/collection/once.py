"""A source whose repeated documents are taken once."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path

import numpy as np

from sparsebench.collection.corpus import Corpus
from sparsebench.contracts import CollectionSource
from sparsebench.types import Document, Topics


def taken_once(source: CollectionSource, corpus: Corpus) -> CollectionSource:
    """The source without the documents that the corpus has as repeats; the source itself where there are none."""
    return Once(source, corpus.repeats) if len(corpus.repeats) else source


class Once(CollectionSource):
    """Source without its documents at some places (n,), ascending."""

    def __init__(self, source: CollectionSource, repeats: np.ndarray) -> None:
        self.name, self.items = source.name, source.items
        self._source, self._repeats = source, repeats

    def documents(self) -> Iterator[Document]:
        """One pass."""
        left_out = set(self._repeats.tolist())
        return (document for place, document in enumerate(self._source.documents()) if place not in left_out)

    def where(self, position: int) -> str:
        """Say where the document stands in the source, repeats counted."""
        places = self._repeats - np.arange(len(self._repeats))  # how many are kept before each repeat
        return self._source.where(position + int(np.searchsorted(places, position, side="right")))

    def topics(self, split: str | None) -> Topics:
        """Return those of the source."""
        return self._source.topics(split)

    def splits(self) -> Sequence[str | None]:
        """Return those of the source."""
        return self._source.splits()

    def files(self) -> Iterable[Path]:
        """Return those of the source."""
        return self._source.files()

    def groups(self) -> Mapping[str, str] | None:
        """Return those of the source."""
        return self._source.groups()

    def of_split(self, split: str | None) -> CollectionSource:
        """Return the source's own for another corpus, itself where it is the same."""
        other = self._source.of_split(split)
        return self if other is self._source else other

    def shares_ids(self, other: CollectionSource) -> bool:
        """Ask the source."""
        return self._source.shares_ids(other._source if isinstance(other, Once) else other)

    def where_item(self, item_id: str) -> str:
        """Ask the source."""
        return self._source.where_item(item_id)

    def span(self, item_id: str) -> tuple[float, float] | None:
        """Ask the source."""
        return self._source.span(item_id)

    def missing(self) -> Sequence[str]:
        """Ask the source."""
        return self._source.missing()

    def fetch(self) -> None:
        """Ask the source."""
        self._source.fetch()
