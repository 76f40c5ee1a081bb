"""Where documents, queries and judgments come from."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path

from sparsebench.contracts.fetchable import Fetchable
from sparsebench.types import Document, Role, Topics


class CollectionSource(Fetchable, ABC):
    """Where documents, queries and judgments come from. Documents stream."""

    name: str
    items: Role | None = None
    """The side that is looked at rather than read: "document" in text to video, "query" in video to text, None where
    all is text. The text of an item is its id."""

    @abstractmethod
    def documents(self) -> Iterator[Document]:
        """One pass over the corpus. Raises CollectionError with `file:line`."""

    @abstractmethod
    def topics(self, split: str | None) -> Topics:
        """Queries and judgments of a split (None where the source is one split by itself)."""

    @abstractmethod
    def files(self) -> Iterable[Path]:
        """The files that determine the corpus; their size, time and digest key the cached corpus digest."""

    def where(self, position: int) -> str:
        """Where document number `position` (from 0) stands, for messages: `file:line` where there is a file."""
        return f"{self.name}, document {position + 1}"

    def of_split(self, split: str | None) -> CollectionSource:
        """The source whose documents go with a split: itself where all splits search one corpus."""
        return self

    def groups(self) -> Mapping[str, str] | None:
        """Document -> group, where several documents are one answer (the captions of a video); None for none."""
        return None

    def shares_ids(self, other: CollectionSource) -> bool:
        """Whether a query id means the same query here and there."""
        return other is self

    def where_item(self, item_id: str) -> str:
        """Where an item is named, for messages: `file:line` where there is a file."""
        return self.name

    def span(self, item_id: str) -> tuple[float, float] | None:
        """First and last second of an item that count, None for all of it."""
        return None
