"""CSLS and NNN (METHODS 3.5): less what a document scores for the queries nearest to it."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest

from sparsebench.registry.parameters import ParameterError, validate
from sparsebench.search import MatrixScores
from sparsebench_plugins.postprocessors._neighbours import kth_best, mean_of_best
from sparsebench_plugins.postprocessors.csls import Csls, CslsSingleQuery
from sparsebench_plugins.postprocessors.nnn import Nnn

Correct = Callable[..., np.ndarray]

SCORES = np.array([[1.0, 0.5], [0.5, 0.25], [0.0, 1.0]])


def test_csls_by_hand(corrected: Correct) -> None:
    # The two nearest queries of each document score 1, 1/2 and 1, 1/2: r_d = 3/4 for both.
    expected = 2 * SCORES - 0.75
    np.testing.assert_array_equal(corrected(Csls(k=2), SCORES), expected)
    # With one neighbour r_d = 1, 1; with three r_d = 1/2, 7/12.
    np.testing.assert_array_equal(corrected(Csls(k=1), SCORES), 2 * SCORES - 1)
    np.testing.assert_allclose(corrected(Csls(k=3), SCORES), 2 * SCORES - [1 / 2, 7 / 12], rtol=0, atol=1e-15)


def test_the_term_of_the_query_that_csls_leaves_out_moves_no_document(corrected: Correct) -> None:
    scores = np.random.default_rng(0).integers(-64, 64, (20, 30)) / 64
    nearest = -np.sort(-scores, axis=0)[:10].mean(axis=0), -np.sort(-scores, axis=1)[:, :10].mean(axis=1)
    whole = 2 * scores - nearest[0] - nearest[1][:, None]
    apart = corrected(Csls(), scores) - whole
    np.testing.assert_allclose(apart, np.repeat(apart[:, :1], 30, axis=1), rtol=0, atol=1e-12)


def test_csls_of_a_single_query_takes_neighbours_from_the_bank_alone(corrected: Correct) -> None:
    found = corrected(CslsSingleQuery(k=2), np.array([[5.0, 5.0]]), bank=SCORES)
    assert found.tolist() == [[9.25, 9.25]]


def test_nnn_by_hand(corrected: Correct) -> None:
    bank = np.array([[1.0, 0.5], [0.5, 0.25], [0.0, 0.0]])
    found = corrected(Nnn(k=2, alpha=0.5), np.array([[1.0, 0.75]]), bank=bank)
    assert found.tolist() == [[1 - 0.5 * 0.75, 0.75 - 0.5 * 0.375]]


def test_nnn_without_alpha_changes_nothing(corrected: Correct) -> None:
    assert corrected(Nnn(alpha=0.0), SCORES, bank=SCORES).tolist() == SCORES.tolist()


@pytest.mark.parametrize("method", [CslsSingleQuery(k=128), Nnn(k=128)])
def test_a_bank_smaller_than_k_is_taken_whole(corrected: Correct, method: Nnn) -> None:
    own = type(method)(k=3)
    assert corrected(method, SCORES, bank=SCORES).tolist() == corrected(own, SCORES, bank=SCORES).tolist()


@pytest.mark.parametrize(
    ("method", "params"), [(Csls, {"k": 0}), (CslsSingleQuery, {"k": -1}), (Nnn, {"k": 0}), (Nnn, {"alpha": -0.5})]
)
def test_parameters_are_checked(method: type[Nnn], params: dict[str, object]) -> None:
    with pytest.raises(ParameterError, match=next(iter(params))):
        validate(method, params)


@pytest.mark.parametrize("block", [1, 2, 3, 7])
def test_the_best_few_do_not_depend_on_blocks(block: int) -> None:
    scores = np.random.default_rng(1).integers(0, 9, (4, 7)).astype(float)
    blocks = MatrixScores(scores, block=block)
    assert kth_best(blocks, 3).tolist() == (-np.sort(-scores, axis=1))[:, 2].tolist()
    assert kth_best(blocks, 99).tolist() == scores.min(axis=1).tolist()
    np.testing.assert_allclose(mean_of_best(blocks, 3), (-np.sort(-scores, axis=0))[:3].mean(axis=0), atol=1e-15)
