"""Warnings of figures that are right and misleading, while they are computed; tables say the same."""

from __future__ import annotations

import warnings
from collections.abc import Mapping

from sparsebench.evaluate.cell import OWN_IDS
from sparsebench.types import Json

WORTH_A_WARNING = 0.01
"""A share of what there is."""


def warn_of_scores(label: str, facts: Mapping[str, Json]) -> None:
    """Say so where a correction turns round for more than a few test scores."""
    negative, scores = facts.get("negative_test_scores", 0), facts.get("test_scores", 0)
    if negative > WORTH_A_WARNING * scores:
        warnings.warn(
            f"{label}: {negative / scores:.1%} of the test scores are below 0, where its correction turns round; "
            "where the model's scores have no zero of their own, `shift: min` gives them one",
            stacklevel=2,
        )


def warn_of_counts(name: str, notes: Mapping[str, Json], queries: int) -> None:
    """Say so where more than a few of the queries find themselves, or have no term at all."""
    if (own := notes.get(OWN_IDS, 0)) > WORTH_A_WARNING * queries:
        warnings.warn(
            f"{name}: {own} of {queries} queries rank the document of their own id first; if queries are documents, "
            "`drop_own_id: true` of the collection leaves these hits out",
            stacklevel=2,
        )
    if (empty := notes.get("queries_without_terms", 0)) > WORTH_A_WARNING * queries:
        warnings.warn(
            f"{name}: {empty} of {queries} queries have no term of the model and retrieve nothing; for scripts without "
            "spaces bm25 and rm3 take `tokenizer: bigrams`",
            stacklevel=2,
        )
