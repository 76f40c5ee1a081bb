from __future__ import annotations

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from scipy.sparse import csr_array

from sparsebench.encoding import encode_in_batches, token_budget_batches
from sparsebench.errors import ModelError

NO_MEMORY = torch.OutOfMemoryError("CUDA out of memory")

lengths_of_texts = st.lists(st.integers(0, 30), max_size=40).map(lambda lengths: np.array(lengths, np.int64))


def test_batches_hold_the_longest_first_and_padding_counts():
    batches = token_budget_batches(np.array([2, 5, 3, 5, 1]), budget=10)
    assert [batch.tolist() for batch in batches] == [[1, 3], [2, 0, 4]]


def test_a_text_longer_than_the_budget_goes_alone():
    assert [batch.tolist() for batch in token_budget_batches(np.array([99, 1]), budget=10)] == [[0], [1]]


@given(lengths_of_texts, st.integers(1, 60))
def test_every_text_with_tokens_is_in_one_batch_within_the_budget(lengths, budget):
    batches = token_budget_batches(lengths, budget)
    assert sorted(np.concatenate([[], *batches]).tolist()) == np.flatnonzero(lengths).tolist()
    assert all(len(batch) == 1 or len(batch) * lengths[batch].max() <= budget for batch in batches)


class OneHot:
    """Encodes the text at position p as p + 1 at column p; runs out of memory above `limit` tokens."""

    def __init__(self, lengths, limit=np.inf, error=NO_MEMORY):
        self.lengths, self.limit, self.error = lengths, limit, error
        self.tried: list[int] = []

    def __call__(self, batch):
        tokens = len(batch) * int(self.lengths[batch].max())
        self.tried.append(tokens)
        if tokens > self.limit:
            raise self.error
        rows = np.arange(len(batch))
        return csr_array((np.float32(batch + 1), (rows, batch)), shape=(len(batch), len(self.lengths)))


@given(lengths_of_texts, st.integers(1, 60), st.integers(30, 60))
def test_vectors_come_back_in_order_whatever_the_batches_and_the_memory(lengths, budget, limit):
    vectors = encode_in_batches(OneHot(lengths, limit), lengths, budget=budget, size=len(lengths) or 1)
    expected = np.diag(np.where(lengths > 0, np.arange(len(lengths)) + 1, 0)) if len(lengths) else np.zeros((0, 1))
    assert vectors.toarray().tolist() == expected.tolist()
    assert vectors.dtype == np.float32


@pytest.mark.parametrize("limit", [np.inf, 20])
def test_vectors_do_not_depend_on_the_number_of_threads(limit, monkeypatch):
    lengths, threads = np.arange(1, 21), torch.get_num_threads()

    def encode(workers):
        monkeypatch.setenv("OMP_NUM_THREADS", workers)
        return encode_in_batches(OneHot(lengths, limit), lengths, budget=40, size=20, parallel=True)

    assert [(encode(workers) != encode("1")).nnz for workers in ("2", "3")] == [0, 0]
    assert torch.get_num_threads() == threads


def test_each_batch_has_one_thread_of_torch_and_the_caller_gets_his_back(monkeypatch):
    monkeypatch.setenv("OMP_NUM_THREADS", "2")
    before, seen = torch.get_num_threads(), []

    class Failing(OneHot):
        def __call__(self, batch):
            seen.append(torch.get_num_threads())
            if len(seen) > 3:
                raise RuntimeError("no more")
            return super().__call__(batch)

    lengths = np.full(20, 10)
    torch.set_num_threads(3)
    try:
        with pytest.raises(RuntimeError, match="no more"):
            encode_in_batches(Failing(lengths), lengths, budget=10, size=20, parallel=True)
        assert torch.get_num_threads() == 3
    finally:
        torch.set_num_threads(before)
    assert set(seen) == {1}


def test_a_text_that_did_not_fit_beside_others_is_tried_alone():
    class Crowded(OneHot):
        def __call__(self, batch):
            self.limit = np.inf if self.tried else 0
            return super().__call__(batch)

    lengths = np.array([5, 4])
    encode = Crowded(lengths)
    assert encode_in_batches(encode, lengths, budget=1, size=2).diagonal().tolist() == [1, 2]
    assert encode.tried == [5, 4, 5]


@pytest.mark.parametrize(
    "error",
    [
        NO_MEMORY,
        MemoryError(),
        RuntimeError("DefaultCPUAllocator: can't allocate memory: you tried to allocate 9 bytes"),
        RuntimeError("DefaultCPUAllocator: not enough memory: you tried to allocate 9 bytes"),
    ],
)
def test_a_batch_that_does_not_fit_is_halved_until_it_does(error):
    lengths = np.full(8, 10)
    encode = OneHot(lengths, limit=20, error=error)
    vectors = encode_in_batches(encode, lengths, budget=80, size=8)
    assert vectors.diagonal().tolist() == [1, 2, 3, 4, 5, 6, 7, 8]
    assert encode.tried == [80, 40, 20, 20, 20, 20]  # what did not fit once is not tried again


def test_a_text_that_does_not_fit_by_itself_is_an_error_that_names_its_length():
    lengths = np.array([5, 512])
    with pytest.raises(ModelError, match="512 tokens does not fit"):
        encode_in_batches(OneHot(lengths, limit=100), lengths, budget=10_000, size=2)


def test_any_other_error_is_not_taken_for_a_lack_of_memory():
    with pytest.raises(RuntimeError, match="shapes"):
        encode_in_batches(OneHot(np.array([5]), 0, RuntimeError("shapes differ")), np.array([5]), budget=9, size=1)
