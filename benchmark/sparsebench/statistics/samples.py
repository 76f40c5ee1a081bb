"""Align per-query values by name as arrays over the same queries, or raise an error that names what does not match."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

import numpy as np

from sparsebench.errors import ScoreError
from sparsebench.statistics.values import Values

PerCollection = Mapping[str, Mapping[str, float]]
"""collection -> query_id -> value."""

_MOST_NAMED = 5


def paired_samples(values: Mapping[str, PerCollection], collection: str, *, baseline: str) -> dict[str, Values]:
    """Map system -> values (n,) on a collection, in order of query ids, for the systems that have it.

    Raises ScoreError when two systems have other queries than one another, naming the baseline's first, or when a
    value is not a finite number.
    """
    found = {
        system: by_collection[collection] for system, by_collection in values.items() if collection in by_collection
    }
    reference = baseline if baseline in found else next(iter(found))
    query_ids = sorted(found[reference])
    for system, per_query in found.items():
        _check_queries(collection, system, per_query, reference, found[reference])
        _check_numbers(collection, system, per_query)
    return {system: np.array([per_query[q] for q in query_ids]) for system, per_query in found.items()}


def _check_queries(
    collection: str, system: str, per_query: Mapping[str, float], reference: str, expected: Mapping[str, float]
) -> None:
    if not expected:
        raise ScoreError(f"{reference} has no queries on {collection}")
    for lacking, having, lacks in (
        (system, reference, expected.keys() - per_query.keys()),
        (reference, system, per_query.keys() - expected.keys()),
    ):
        if lacks:
            raise ScoreError(
                f"{lacking} lacks {len(lacks)} of the queries that {having} has on {collection}: {_first(lacks)}. "
                "A paired test needs the same queries: run both on one version of the collection."
            )


def _check_numbers(collection: str, system: str, per_query: Mapping[str, float]) -> None:
    if bad := {query_id for query_id, value in per_query.items() if not np.isfinite(value)}:
        raise ScoreError(f"{system} on {collection}: {len(bad)} values are not finite numbers, of {_first(bad)}")


def _first(query_ids: Iterable[str]) -> str:
    ordered = sorted(query_ids)
    more = f" and {len(ordered) - _MOST_NAMED} more" if len(ordered) > _MOST_NAMED else ""
    return f"{', '.join(ordered[:_MOST_NAMED])}{more}"
