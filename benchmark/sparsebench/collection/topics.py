"""Choose among queries: samples, splits, folds, and those that can be measured.

Every choice goes by SHA-256 of `seed:query_id`: the same on every machine, unmoved by the order of a file.
"""

from __future__ import annotations

import hashlib
from collections.abc import Collection, Mapping, Sequence
from typing import NamedTuple

from sparsebench.types import Query, Topics


class Split(NamedTuple):
    """Two disjoint parts of the same queries."""

    dev: Topics
    rest: Topics


class Judged(NamedTuple):
    """Queries that can be measured, and how many others there were, by reason."""

    topics: Topics
    left_out: Mapping[str, int]


def topics_digest(topics: Topics) -> str:
    """SHA-256 of queries (ids, texts, order) and judgments; pass `Topics(queries)` for that of the queries alone."""
    total = hashlib.sha256()
    for query in topics.queries:
        _feed(total, query.query_id, query.text)
    _feed(total, "qrels")
    for query_id, grades in sorted(topics.qrels.items()):
        for doc_id, relevance in sorted(grades.items()):
            _feed(total, query_id, doc_id, str(relevance))
    return total.hexdigest()


def empty_queries(topics: Topics) -> int:
    """Return how many queries have no text; they are allowed and retrieve nothing."""
    return sum(not query.text.strip() for query in topics.queries)


def judged(topics: Topics) -> Judged:
    """Keep queries with a judgment above 0: for the others every measure is 0 or undefined, whatever the system."""
    relevant = {query_id for query_id, grades in topics.qrels.items() if any(grade > 0 for grade in grades.values())}
    kept = select(topics, relevant)
    unjudged = sum(not topics.qrels.get(query.query_id) for query in topics.queries)
    without_relevant = len(topics.queries) - len(kept.queries) - unjudged
    return Judged(kept, {"queries_unjudged": unjudged, "queries_without_relevant": without_relevant})


def select(topics: Topics, query_ids: Collection[str]) -> Topics:
    """The queries with these ids, in their order, with their judgments."""
    queries = tuple(query for query in topics.queries if query.query_id in query_ids)
    return Topics(queries, {q.query_id: topics.qrels[q.query_id] for q in queries if q.query_id in topics.qrels})


def by_hash(queries: Sequence[Query], seed: int) -> list[Query]:
    """The queries in the order of their hashes: any first n of them are a random sample, and samples are nested."""
    return sorted(queries, key=lambda query: _hash(seed, query.query_id))


def limit(topics: Topics, n: int, *, seed: int = 0) -> Topics:
    """A random sample of at most n queries, in their old order; a smaller sample is part of a larger one."""
    return select(topics, {query.query_id for query in by_hash(topics.queries, seed)[:n]})


def hash_split(topics: Topics, *, share: float, seed: int) -> Split:
    """About `share` (0 to 1) of the queries as dev, the rest as rest.

    Each query is assigned by itself, so that adding or removing queries moves no other.
    """
    bound = share * 2.0**256
    dev = {query.query_id for query in topics.queries if int(_hash(seed, query.query_id), 16) < bound}
    rest = {query.query_id for query in topics.queries} - dev
    return Split(select(topics, dev), select(topics, rest))


def folds(topics: Topics, n: int, *, seed: int) -> tuple[Topics, ...]:
    """Cut the queries into n random parts whose sizes differ by at most one."""
    shuffled = [query.query_id for query in by_hash(topics.queries, seed)]
    return tuple(select(topics, set(shuffled[part::n])) for part in range(n))


def _hash(seed: int, query_id: str) -> str:
    return hashlib.sha256(f"{seed}:{query_id}".encode()).hexdigest()


def _feed(total: hashlib._Hash, *fields: str) -> None:
    for field in fields:
        encoded = field.encode()
        total.update(len(encoded).to_bytes(8, "little") + encoded)
