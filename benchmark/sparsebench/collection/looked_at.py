"""Items of a collection that are looked at: clips and images by id, whether they are there, what they hold."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from sparsebench.contracts import CollectionSource
from sparsebench.lines import Mistakes
from sparsebench.media import Media, MediaItem
from sparsebench.provenance.digests import digest
from sparsebench.types import Topics
from sparsebench.workers import in_threads


@dataclass(frozen=True)
class LookedAt:
    """The items of one part of a collection, in its order.

    media: where they lie. source: what names them, for messages. ids: of them.
    """

    media: Media
    source: CollectionSource
    ids: tuple[str, ...]

    @classmethod
    def documents(cls, media: Media, source: CollectionSource, doc_ids: np.ndarray) -> LookedAt:
        """Make it of the items that are ranked. doc_ids: (D,) UTF-8 bytes."""
        return cls(media, source, tuple(doc_id.decode() for doc_id in doc_ids.tolist()))

    @classmethod
    def queries(cls, media: Media, source: CollectionSource, topics: Topics) -> LookedAt:
        """Make it of the items that are asked."""
        return cls(media, source, tuple(query.query_id for query in topics.queries))

    @cached_property
    def items(self) -> Sequence[MediaItem]:
        """Return the items in order. Raises CollectionError that names the first ten that are not there, and where they
        are named.
        """
        with Mistakes() as mistakes:
            for absent in self.media.absent(self.ids):
                mistakes.add(self.source.where_item(absent), f"{absent!r} is not in {self.media.path}")
        return [self.media.item(name) for name in self.ids]

    @cached_property
    def digest(self) -> str:
        """SHA-256 of what they hold, in their order. Files are read whole, once a process."""
        return digest(in_threads(lambda item: item.content, self.items))
