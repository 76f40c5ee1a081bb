"""Where documents, queries and judgments come from."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterable, Iterator
from pathlib import Path

from sparsebench.contracts.fetchable import Fetchable
from sparsebench.types import Document, Topics


class CollectionSource(Fetchable, ABC):
    """Where documents, queries and judgments come from. Documents stream."""

    name: str

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
