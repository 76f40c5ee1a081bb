from __future__ import annotations

import numpy as np
import pytest
from scipy.sparse import csr_array

from sparsebench import Document
from sparsebench.testing import Check, model_checks
from sparsebench_plugins.models.bm25 import Bm25
from sparsebench_plugins.models.rm3 import LoadedRm3, Rm3, relevance_model

TEXTS = [
    "wing flow heat wing",
    "plate speed gas",
    "jet wing wings",
    "cat dog tree",
    "river flow of gas",
    "the dog a cat",
    *(f"filler number{at} word" for at in range(40)),
]


def fitted(**parameters: object) -> LoadedRm3:
    documents = [Document(f"d{at:02}", text) for at, text in enumerate(TEXTS)]
    loaded = Rm3(**parameters).fit(lambda: iter(documents), "cpu")  # type: ignore[arg-type]
    assert isinstance(loaded, LoadedRm3)
    return loaded


def weights(loaded: LoadedRm3, query: str) -> dict[str, float]:
    vector = loaded.encode([query], "query").vectors
    names = [loaded.vocabulary.token(term) for term in vector.indices.tolist()]
    return dict(zip(names, vector.data.tolist(), strict=True))


@pytest.mark.parametrize("check", model_checks(Rm3), ids=str)
def test_it_keeps_the_contract(check: Check) -> None:
    check()


def test_the_relevance_model_is_that_of_the_worked_example() -> None:
    counts = csr_array(np.array([[2.0, 1, 0], [0, 1, 1]]))  # a a b; b c
    assert relevance_model(counts, np.array([3.0, 1.0])) == pytest.approx([0.5, 0.375, 0.125])  # METHODS 2.7


def test_own_terms_keep_their_share_and_the_rest_is_fed_back() -> None:
    loaded = fitted(feedback_documents=2, feedback_terms=3, original_weight=0.6, max_df=0.5)
    found = weights(loaded, "dog")
    assert sum(found.values()) == pytest.approx(1)
    assert found["dog"] >= 0.6
    assert set(found) == {"dog", "cat", "tree"}


def test_terms_of_too_many_documents_are_not_fed_back() -> None:
    assert "filler" in weights(fitted(max_df=1.0), "number7")
    assert "filler" not in weights(fitted(max_df=0.1), "number7")


def test_a_query_that_retrieves_nothing_stays_as_it_is() -> None:
    loaded = fitted()
    assert weights(loaded, "unheard") == {}
    assert weights(loaded, "") == {}


def test_documents_are_those_of_bm25_to_the_last_bit() -> None:
    bm25 = Bm25().fit(lambda: iter([Document(f"d{at:02}", text) for at, text in enumerate(TEXTS)]), "cpu")
    ours, theirs = fitted().encode(TEXTS, "document").vectors, bm25.encode(TEXTS, "document").vectors
    assert (ours != theirs).nnz == 0


def test_a_query_is_expanded_alike_alone_and_among_others() -> None:
    loaded = fitted()
    queries = ["wing", "gas flow", "", "dog cat"]
    together = loaded.encode(queries, "query").vectors
    for row, query in enumerate(queries):
        assert (together[[row]] != loaded.encode([query], "query").vectors).nnz == 0
