"""Measures of queries whose ids are no numbers."""

import numpy as np
import pytest
from scipy.sparse import csr_array

from sparsebench.evaluate.forms.vectors import _empty
from sparsebench.measures import measure

MEASURES = ["nDCG@10", "RR@10", "R@10", "ERR@10"]


def values(*query_ids: str) -> list[list[float]]:
    """Of two queries by these ids, one list a measure."""
    first, second = query_ids
    run = {first: {"a": 2.0, "b": 1.0}, second: {"b": 2.0, "c": 1.0}}
    found = measure(run, {first: {"b": 2}, second: {"b": 1, "d": 3}}, MEASURES)
    return [[found[name][query_id] for query_id in query_ids] for name in MEASURES]


@pytest.mark.parametrize("query_ids", [("q1", "q2"), ("検索", "01"), ("2", "1"), ("test-3", "PLAIN-7")])
def test_every_measure_takes_any_query_id(query_ids: tuple[str, str]) -> None:
    assert values(*query_ids) == values("1", "2")


def test_only_texts_that_are_not_blank_count_as_without_terms() -> None:
    vectors = csr_array(np.array([[1.0], [0.0], [0.0], [0.0]]))
    assert _empty(["wing", "検索", " ", ""], vectors) == 1
