"""The bank: other queries that a postprocessor may fit on (METHODS 3), never those that are tested."""

from __future__ import annotations

import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass

from sparsebench.collection.topics import by_hash
from sparsebench.errors import CollectionError
from sparsebench.types import Query, Topics


@dataclass(frozen=True)
class Bank:
    """B queries to fit on, in their collection's order, and how many overlapped with the test queries."""

    queries: tuple[Query, ...]
    dropped_overlaps: int


def untested(queries: Sequence[Query], test: Topics, *, same_collection: bool) -> tuple[Query, ...]:
    """The queries that are not tested.

    Texts are compared normalised, always; ids only within one collection, as those of different ones are equal by
    chance.
    """
    ids = {query.query_id for query in test.queries} if same_collection else set()
    texts = {normalised(query.text) for query in test.queries}
    return tuple(query for query in queries if query.query_id not in ids and normalised(query.text) not in texts)


def resolve_bank(bank: Topics, test: Topics, *, same_collection: bool, size: int | None = None, seed: int = 0) -> Bank:
    """Drop the bank's queries that are also tested, then sample `size` of the others by their hashes.

    Raises CollectionError when fewer queries are left than `size`, or none.
    """
    free = untested(bank.queries, test, same_collection=same_collection)
    overlaps = len(bank.queries) - len(free)
    if len(free) < max(size or 0, 1):
        asked = "a bank of at least 1 query" if size is None else f"a bank of {size} queries"
        raise CollectionError(
            f"{asked} was asked, but {len(free)} of {len(bank.queries)} are left once those that are also test "
            f"queries ({overlaps}) are dropped; ask for a smaller bank or name another one"
        )
    sample = {query.query_id for query in by_hash(free, seed)[:size]}
    return Bank(tuple(query for query in free if query.query_id in sample), overlaps)


def normalised(text: str) -> str:
    """A text without the differences of case, width and white space that do not make another query."""
    return " ".join(unicodedata.normalize("NFKC", text).casefold().split())
