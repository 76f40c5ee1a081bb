"""Sources of documents, queries and judgments."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path

from sparsebench.contracts.fetchable import Fetchable
from sparsebench.types import Document, Role, Topics


class CollectionSource(Fetchable, ABC):
    """A source of documents, queries and judgments. Making one opens no file; documents stream.

    Example:
        class Clips(CollectionSource):
            name = "clips"

            def __init__(self, *, captions: Path) -> None:
                self.captions = captions

            def documents(self) -> Iterator[Document]:
                for clip in json.loads(self.captions.read_text()):
                    yield Document(clip["id"], clip["caption"])
            ...
    """

    name: str
    """As suites and messages call it."""
    items: Role | None = None
    """The side that is looked at rather than read: "document" in text to video, "query" in video to text, None where
    all is text. The text of an item is its id."""

    @abstractmethod
    def documents(self) -> Iterator[Document]:
        """One pass over the corpus. Raises CollectionError with `file:line`."""

    @abstractmethod
    def topics(self, split: str | None) -> Topics:
        """Queries and judgments of a split (None where the source is one split by itself)."""

    def splits(self) -> Sequence[str | None]:
        """Names of the splits; None alone where the source is one split by itself."""
        return (None,)

    @abstractmethod
    def files(self) -> Iterable[Path]:
        """The files that determine the corpus; their size, time and digest key the cached corpus digest."""

    def where(self, position: int) -> str:
        """Return the place of document number `position` (from 0), for messages: `file:line` where there is a file."""
        return f"{self.name}, document {position + 1}"

    def of_split(self, split: str | None) -> CollectionSource:
        """Return the source whose documents go with a split: itself where all splits search one corpus."""
        return self

    def groups(self) -> Mapping[str, str] | None:
        """Map documents to groups where several are one answer (the captions of a video); None for none."""
        return None

    def shares_ids(self, other: CollectionSource) -> bool:
        """Return whether a query id means the same query here and there."""
        return other is self or (type(other) is type(self) and other.name == self.name)

    def where_item(self, item_id: str) -> str:
        """Say where an item is named, for messages: `file:line` where there is a file."""
        return self.name

    def span(self, item_id: str) -> tuple[float, float] | None:
        """Return the first and last second of an item that count, None for all of it."""
        return None
