from __future__ import annotations

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from sparsebench.encoding import pool, prune, widen
from sparsebench.errors import ModelError

# METHODS 1: three positions of which the mask keeps two. An identity decoder makes the hidden states the logits.
LOGITS = torch.tensor([[-1.0, 0.5, 2.0], [1.0, -2.0, 3.0]])
IDENTITY = torch.eye(3)


@pytest.mark.parametrize(
    ("pooling", "expected"),
    [
        ("max", [0.693147, 0.405465, 1.386294]),
        ("sum", [0.693147, 0.405465, 2.484907]),
        ("cls", [0, 0.405465, 1.098612]),
    ],
)
def test_the_poolings_give_the_test_vector_of_methods(pooling, expected):
    vectors = pool(LOGITS, np.array([2]), IDENTITY, None, pooling=pooling)
    np.testing.assert_allclose(vectors.toarray(), [expected], atol=1e-6)


def naive(hidden, lengths, weight, bias, pooling, activation):
    """The formulas as they stand, one text at a time, in float64."""
    rows = []
    for text in hidden.double().split(lengths.tolist()):
        logits = text @ weight.double().T + (0 if bias is None else bias.double())
        weights = torch.log1p(torch.relu(logits))
        if activation == "log1p_relu":
            weights = torch.log1p(weights)
        rows.append({"max": weights.amax(0), "sum": weights.sum(0), "cls": weights[0]}[pooling])
    return torch.stack(rows).numpy()


@given(
    lengths=st.lists(st.integers(1, 6), min_size=1, max_size=7),
    terms=st.integers(1, 23),
    block=st.integers(1, 25),
    biased=st.booleans(),
    pooling=st.sampled_from(["max", "sum", "cls"]),
    activation=st.sampled_from(["relu", "log1p_relu"]),
    seed=st.integers(0, 99),
)
def test_blocks_give_what_the_formula_gives(lengths, terms, block, biased, pooling, activation, seed):
    generator = torch.Generator().manual_seed(seed)
    lengths = np.array(lengths)
    hidden = torch.randn(int(lengths.sum()), 5, generator=generator)
    weight = torch.randn(terms, 5, generator=generator)
    bias = torch.randn(terms, generator=generator) if biased else None
    vectors = pool(hidden, lengths, weight, bias, pooling=pooling, activation=activation, block=block)
    expected = naive(hidden, lengths, weight, bias, pooling, activation)
    np.testing.assert_allclose(vectors.toarray(), expected, atol=1e-5)
    assert vectors.dtype == np.float32
    assert vectors.indices.dtype == np.int32
    assert vectors.has_sorted_indices
    assert (vectors.data > 0).all()


def test_vectors_do_not_depend_on_the_block():
    hidden, weight = torch.randn(40, 16), torch.randn(97, 16)
    lengths = np.array([9, 9, 9, 8, 5])
    whole = pool(hidden, lengths, weight, None, block=97)
    assert abs(pool(hidden, lengths, weight, None, block=10) - whole).max() < 1e-5


def test_a_term_that_is_negative_everywhere_is_not_stored():
    vectors = pool(torch.tensor([[-1.0], [-2.0]]), np.array([2]), torch.ones(1, 1), None)
    assert vectors.nnz == 0


def test_a_bias_alone_can_make_a_term_active():
    vectors = pool(torch.zeros(1, 1), np.array([1]), torch.ones(1, 1), torch.ones(1))
    assert vectors.toarray().tolist() == [[pytest.approx(np.log(2))]]


def test_a_vocabulary_of_250000_terms_needs_the_memory_of_one_block(monkeypatch):
    """The full logits of this text would take 512 MB; no tensor that is asked for may exceed a block of it."""
    hidden, weight = torch.randn(512, 4), torch.randn(250_000, 4) - 2
    asked: list[int] = []
    new_empty = torch.Tensor.new_empty
    monkeypatch.setattr(torch.Tensor, "new_empty", lambda self, n: asked.append(n) or new_empty(self, n))
    vectors = pool(hidden, np.array([512]), weight, None, block=1024)
    assert asked == [512 * 1024]
    assert vectors.shape == (1, 250_000)
    best = torch.log1p(torch.relu(hidden @ weight[249_999])).max()
    assert vectors[0, 249_999] == pytest.approx(best.item(), abs=1e-5)


def test_hidden_states_that_are_not_finite_are_an_error_and_not_an_empty_vector():
    with pytest.raises(ModelError, match="not finite"):
        pool(torch.tensor([[float("nan")]]), np.array([1]), torch.ones(1, 1), None)


def vectors_of(rows):
    from scipy.sparse import csr_array

    return csr_array(np.array(rows, np.float32))


def test_pruning_keeps_the_largest_entries_and_of_equal_ones_the_smaller_id():
    pruned = prune(vectors_of([[3, 1, 2, 2], [0, 1, 0, 0], [0, 0, 0, 0]]), 2)
    assert pruned.toarray().tolist() == [[3, 0, 2, 0], [0, 1, 0, 0], [0, 0, 0, 0]]
    assert pruned.has_sorted_indices


def test_widening_puts_the_columns_in_their_place():
    widened = widen(vectors_of([[1, 2], [0, 3]]), np.array([1, 4]), 6)
    assert widened.toarray().tolist() == [[0, 1, 0, 0, 2, 0], [0, 0, 0, 0, 3, 0]]
    assert widened.has_sorted_indices
