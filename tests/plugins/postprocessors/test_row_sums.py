"""Sums over documents have the same digits in whatever blocks the documents come."""

from __future__ import annotations

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from sparsebench.search import MatrixScores
from sparsebench_plugins.postprocessors._potentials import Streamed
from sparsebench_plugins.postprocessors._row_sums import RowSums, chunk_lse
from sparsebench_plugins.postprocessors._sinkhorn import query_potentials

ROWS, DOCUMENTS = 3, 20_000
TERMS = torch.randn(ROWS, DOCUMENTS, generator=torch.Generator().manual_seed(0), dtype=torch.float64) * 20


def summed(widths: list[int]) -> torch.Tensor:
    sums, start = RowSums(), 0
    while start < DOCUMENTS:
        width = min(widths[start % len(widths)], DOCUMENTS - start)
        block = TERMS[:, start : start + width]
        sums.add(width, lambda at, block=block: block[:, at], lambda at, block=block: chunk_lse(block[:, at]))
        start += width
    return sums.total()


@given(st.lists(st.integers(1, 9000), min_size=1, max_size=5).filter(lambda widths: sum(widths) > 200))
def test_blocks_of_any_widths_give_the_same_bytes(widths: list[int]) -> None:
    found = summed(widths)
    assert torch.equal(found, summed([DOCUMENTS]))
    torch.testing.assert_close(found, TERMS.logsumexp(dim=1), rtol=1e-14, atol=0)


@pytest.mark.parametrize("order", ["documents", "queries"])
@pytest.mark.parametrize("tau", [0.01, 0.5])
def test_potentials_of_sinkhorn_are_the_same_bytes_in_blocks_of_any_width(order: str, tau: float) -> None:
    matrix = torch.rand(20, 1500, generator=torch.Generator().manual_seed(1)).numpy()
    found = [
        query_potentials(
            Streamed(MatrixScores(matrix, block=width), tau), "batch", iterations=5, order=order, document_marginal=0.9
        ).lu
        for width in (3000, 1000, 777, 13, 1)
    ]
    assert all(torch.equal(each, found[0]) for each in found)
