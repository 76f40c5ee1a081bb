"""Threads for compiled loops."""

from __future__ import annotations

import threading

import pytest
import torch

from sparsebench.workers import in_threads, in_torch_threads, workers


def test_omp_num_threads_says_how_many(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OMP_NUM_THREADS", "3")
    assert workers() == 3


@pytest.mark.parametrize("asked", ["", "0", "4,2", "-1"])
def test_without_a_plain_number_it_is_one_a_core(monkeypatch: pytest.MonkeyPatch, asked: str) -> None:
    monkeypatch.setenv("OMP_NUM_THREADS", asked)
    assert workers() >= 1


def test_results_come_in_the_order_of_the_items(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OMP_NUM_THREADS", "2")
    first_may_end = threading.Event()

    def square(number: int) -> int:
        if number == 0:
            assert first_may_end.wait(timeout=60), "the second item never started"
        first_may_end.set()
        return number * number

    assert in_threads(square, range(5)) == [0, 1, 4, 9, 16]


def test_an_exception_comes_out(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OMP_NUM_THREADS", "2")
    with pytest.raises(ZeroDivisionError):
        in_threads(lambda number: 1 // number, [1, 0, 2])


def test_functions_that_call_torch_get_one_of_its_threads_each(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OMP_NUM_THREADS", "2")
    before = torch.get_num_threads()
    torch.set_num_threads(2)
    try:
        assert in_torch_threads(lambda _: torch.get_num_threads(), range(4)) == [1] * 4
        assert torch.get_num_threads() == 2
    finally:
        torch.set_num_threads(before)
