"""Ways to ask an encoder: by the texts of documents and queries, or by their ids where vectors were made elsewhere."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property

from sparsebench.collection.resolved import TestCollection
from sparsebench.contracts import NotApplicable
from sparsebench.errors import ModelError
from sparsebench.types import Document, Query, Topics


@dataclass(frozen=True)
class ByText:
    """Asking by texts: what has one text has one vector."""

    collection: TestCollection

    def parts(self) -> list[Topics]:
        """Queries that are encoded together: test, bank and development queries."""
        return [part for part in (self.collection.test, self.collection.bank, self.collection.dev) if part]

    def queries(self, queries: Sequence[Query]) -> list[str]:
        """Return what is asked for these queries, in their order."""
        return [query.text for query in queries]

    def texts(self, texts: Sequence[str]) -> list[str]:
        """Return what is asked for these texts of queries."""
        return list(texts)

    def documents(self, documents: Iterable[Document]) -> Iterator[Document]:
        """The documents, with what is asked in the place of their texts."""
        return iter(documents)

    def check(self) -> None:
        """Raise nothing: a text is a text, of whatever collection."""


class ById(ByText):
    """Asking by ids, which mean something in one collection alone."""

    def parts(self) -> list[Topics]:
        """The collection's own: ids of other collections are equal by chance."""
        return super().parts() if self.collection.bank_is_same_collection else [self.collection.test]

    def queries(self, queries: Sequence[Query]) -> list[str]:
        """Their ids."""
        return [query.query_id for query in queries]

    def texts(self, texts: Sequence[str]) -> list[str]:
        """The id of the first query with such a text; raises NotApplicable for a text that no query has."""
        if unknown := next((text for text in texts if text not in self._ids), None):
            raise NotApplicable(f"vectors are given by id, and no query of the collection is {unknown[:60]!r}")
        return [self._ids[text] for text in texts]

    def documents(self, documents: Iterable[Document]) -> Iterator[Document]:
        """Their ids in the place of their texts."""
        return (Document(document.doc_id, document.doc_id) for document in documents)

    def check(self) -> None:
        """Raise ModelError where the bank is of another collection."""
        if not self.collection.bank_is_same_collection:
            raise ModelError(
                "vectors are given by id, and the bank is of another collection, whose ids are equal by chance; "
                "give it as a part of this collection"
            )

    @cached_property
    def _ids(self) -> dict[str, str]:
        return {query.text: query.query_id for part in reversed(self.parts()) for query in reversed(part.queries)}
