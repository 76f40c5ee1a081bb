"""Queries and judgments of any source, held to the rules that runs and measures rely on."""

from __future__ import annotations

from collections.abc import Iterator
from typing import SupportsIndex

from sparsebench.collection.entries import checked_id
from sparsebench.contracts import CollectionSource
from sparsebench.lines import Mistakes
from sparsebench.types import Topics


def checked_topics(source: CollectionSource, split: str | None) -> Topics:
    """Read a split. Raises CollectionError for ids twice or unusable, judgments of no query, grades not whole.

    Our own formats check as they read, with line numbers; a plugin's source may have checked nothing.
    """
    topics = source.topics(split)
    where = source.name if split is None else f"{source.name}, split {split!r}"
    with Mistakes() as mistakes:
        for mistake in (*_in_queries(topics), *_in_judgments(topics)):
            mistakes.add(where, mistake)
    return topics


def _in_queries(topics: Topics) -> Iterator[str]:
    seen: set[str] = set()
    for query in topics.queries:
        try:
            checked_id(query.query_id)
            query.text.encode()
        except (AttributeError, TypeError, ValueError) as error:
            yield f"{query!r}: {error}"
        if query.query_id in seen:
            yield f"the query id {query.query_id!r} is there twice"
        seen.add(query.query_id)


def _in_judgments(topics: Topics) -> Iterator[str]:
    queries = {query.query_id for query in topics.queries}
    for query_id, grades in topics.qrels.items():
        if query_id not in queries:
            yield f"judges query {query_id!r}, which is not among the queries"
        for doc_id, grade in grades.items():
            if isinstance(grade, bool) or not isinstance(grade, SupportsIndex):
                yield f"the grade of document {doc_id!r} for query {query_id!r} is {grade!r}, which is no whole number"
