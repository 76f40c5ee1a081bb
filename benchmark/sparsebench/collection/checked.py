"""Queries and judgments of any source, held to the rules that runs and measures rely on."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import partial

from sparsebench.collection.entries import checked_id
from sparsebench.collection.qrels import whole_grade
from sparsebench.contracts import CollectionSource
from sparsebench.lines import Mistakes
from sparsebench.types import Qrels, Topics


def checked_topics(source: CollectionSource, split: str | None) -> Topics:
    """Read a split; judgments of no query are passed over and counted, grades such as 1.0 are whole numbers.

    Raises CollectionError for ids twice or unusable, grades that no scale has, and no judgment of any query. Our own
    formats check as they read, with line numbers; a plugin's source may have checked nothing.
    """
    topics = source.topics(split)
    where = source.name if split is None else f"{source.name}, split {split!r}"
    with Mistakes() as mistakes:
        for mistake in _in_queries(topics):
            mistakes.add(where, mistake)
        qrels, unknown = _known(topics, partial(mistakes.add, where))
        if unknown and not qrels:
            mistakes.add(where, f"none of the {unknown} judged queries is among its queries")
    name = "judgments_of_unknown_queries"
    counts = {**topics.counts, name: topics.counts.get(name, 0) + unknown} if unknown else topics.counts
    return Topics(topics.queries, qrels, counts)


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


def _known(topics: Topics, add: Callable[[str], None]) -> tuple[Qrels, int]:
    """Judgments of the queries, with whole grades, and how many there are of others."""
    queries = {query.query_id for query in topics.queries}
    qrels: dict[str, dict[str, int]] = {}
    for query_id, grades in topics.qrels.items():
        if query_id not in queries:
            continue
        judged = qrels.setdefault(query_id, {})
        for doc_id, grade in grades.items():
            try:
                judged[doc_id] = whole_grade(grade)
            except ValueError as error:
                add(f"document {doc_id!r} of query {query_id!r}: {error}")
    return qrels, sum(len(grades) for query_id, grades in topics.qrels.items() if query_id not in queries)
