"""Sources of documents, queries and judgments."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path

from sparsebench.contracts.fetchable import Fetchable
from sparsebench.types import Document, Topics


class CollectionSource(Fetchable, ABC):
    """A source of documents, queries and judgments. Making one opens no file; documents stream.

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
        """Where document number `position` (from 0) stands, for messages: `file:line` where there is a file."""
        return f"{self.name}, document {position + 1}"
