"""QB-Norm with the dynamic inverted softmax (METHODS 3.5)."""

from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np
import pytest

from sparsebench.registry.parameters import ParameterError, validate
from sparsebench_plugins.postprocessors.qb_norm import QbNorm

Correct = Callable[..., np.ndarray]

# The bank's best documents are 0 and 0; document 1 is second for both, document 2 for neither.
BANK = np.array([[1.0, 0.5, 0.0], [1.0, 0.5, 0.25]])
LSE = [1 + math.log(2), 0.5 + math.log(2), math.log(1 + math.exp(0.25))]


def test_only_a_query_whose_best_document_is_a_hub_is_normalised(corrected: Correct) -> None:
    queries = np.array([[2.0, 1.0, 0.0], [0.0, 2.0, 1.0], [0.0, 1.0, 2.0]])
    found = corrected(QbNorm(tau=1.0), queries, bank=BANK)
    np.testing.assert_allclose(found[0], queries[0] - LSE, atol=1e-12)
    assert found[1:].tolist() == queries[1:].tolist()


def test_a_deeper_look_at_the_bank_activates_more_documents(corrected: Correct) -> None:
    queries = np.array([[0.0, 2.0, 1.0], [0.0, 1.0, 2.0]])
    found = corrected(QbNorm(tau=1.0, k=2), queries, bank=BANK)
    np.testing.assert_allclose(found[0], queries[0] - LSE, atol=1e-12)
    assert found[1].tolist() == queries[1].tolist()


@pytest.mark.parametrize("block", [1, 2, 3])
def test_ties_go_to_the_active_document_on_either_side(corrected: Correct, block: int) -> None:
    # Documents 1 and 2 tie at the bank's top: both are active. The queries' best are 0 and 2, and 0 and 1.
    bank = np.array([[0.0, 1.0, 1.0]])
    queries = np.array([[3.0, 0.0, 3.0], [3.0, 3.0, 0.0], [3.0, 0.0, 0.0]])
    found = corrected(QbNorm(tau=1.0), queries, bank=bank, block=block)
    np.testing.assert_allclose(found[:2], queries[:2] - bank[0], atol=1e-12)
    assert found[2].tolist() == queries[2].tolist()


def test_a_bank_query_that_retrieves_nothing_activates_nothing(corrected: Correct) -> None:
    queries, bank = np.array([[1.0, 2.0]]), np.zeros((2, 2))
    assert corrected(QbNorm(tau=1.0), queries, bank=bank, floor=0.0).tolist() == queries.tolist()
    assert corrected(QbNorm(tau=1.0), queries, bank=bank).tolist() != queries.tolist(), "0 is a score of a matrix"


def test_the_query_itself_does_not_join_the_bank(corrected: Correct) -> None:
    alone = corrected(QbNorm(tau=1.0), np.array([[2.0, 1.0, 0.0]]), bank=BANK)
    lifted = corrected(QbNorm(tau=1.0), np.array([[2.0, 1.0, 1.5]]), bank=BANK)
    assert lifted[0, 2] - alone[0, 2] == pytest.approx(1.5, abs=1e-12)


def test_k_is_at_least_1() -> None:
    with pytest.raises(ParameterError, match="k"):
        validate(QbNorm, {"tau": 1.0, "k": 0})
