from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from sparsebench.errors import SuiteError
from sparsebench.measures import measure
from sparsebench.measures.fast import fast_measure
from sparsebench.rank import best_of_rows, tie_order

NAMES = ("nDCG@10", "nDCG@3", "RR@10", "RR@2", "R@5", "R@100")


@st.composite
def collections(draw):
    """Scores (X, d) with many ties and zeros, grades (d,), and grades of documents that cannot be ranked."""
    rankings, documents = draw(st.integers(1, 6)), draw(st.integers(1, 30))
    seed = draw(st.integers(0, 2**32 - 1))
    rng = np.random.default_rng(seed)
    scores = rng.integers(0, 6, size=(rankings, documents)) / 8
    grades = rng.choice([-1, 0, 0, 0, 1, 2, 3], size=documents)
    return scores, grades, rng.integers(0, 4, size=draw(st.integers(0, 3)))


@given(collections())
def test_values_equal_those_of_ir_measures_on_tied_runs_with_grades(collection) -> None:
    scores, grades, elsewhere = collection
    doc_ids = np.array([f"d{i}".encode() for i in range(len(grades))])
    columns = np.argsort(tie_order(doc_ids))
    judged = np.concatenate([grades, elsewhere])
    qrels = {f"d{i}": int(grade) for i, grade in enumerate(judged)}
    for name in NAMES:
        fast = fast_measure(name)
        best = best_of_rows(scores[:, columns], fast.cutoff)
        values = fast.values(np.where(best >= 0, grades[columns][best], 0), judged)
        runs = [{f"d{i}": score for i, score in enumerate(row) if score > 0} for row in scores]
        expected = [measure({"q": run}, {"q": qrels}, [name])[name]["q"] for run in runs]
        assert values == pytest.approx(expected, abs=1e-12)


def test_a_value_by_hand() -> None:
    # Grades 0, 2, 1 at ranks 1 to 3; ideally 2, 1: (2 / log2 3 + 1 / 2) / (2 + 1 / log2 3).
    grades, judged = np.array([[0, 2, 1, 0, 0]]), np.array([1, 2, 0, -1])
    assert fast_measure("nDCG@5").values(grades, judged) == pytest.approx([0.6696718])
    assert fast_measure("RR@5").values(grades, judged) == pytest.approx([0.5])
    assert fast_measure("R@5").values(grades, judged) == pytest.approx([1.0])


def test_a_query_without_a_relevant_document_has_the_value_zero() -> None:
    assert fast_measure("nDCG@2").values(np.array([[0, 0]]), np.array([0, -1])).tolist() == [0.0]


@pytest.mark.parametrize(
    ("wrong", "close"), [("nDGC@10", "nDCG@10"), ("Judged@10", "There is: R@10, RR@10, nDCG@10"), ("nDCG", "nDCG@10")]
)
def test_a_measure_without_a_fast_form_is_named_with_a_close_one_that_has(wrong: str, close: str) -> None:
    with pytest.raises(SuiteError, match=f"{wrong}.*{close}"):
        fast_measure(wrong)
