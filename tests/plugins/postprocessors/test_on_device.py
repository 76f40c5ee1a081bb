"""Sinkhorn on a device: by products where all scores fit, else by kernels or torch, and always the CPU's potentials."""

from __future__ import annotations

import os
import subprocess
import sys

import numpy as np
import pytest

from device.simulator import simulated
from sparsebench import FitContext, ScoreError
from sparsebench.search import MatrixScores
from sparsebench_plugins.postprocessors import _on_device
from sparsebench_plugins.postprocessors.sinkhorn import Sinkhorn

QUERIES, DOCUMENTS = 40, 700
MATRIX = np.random.default_rng(1).gamma(2.0, 0.25, (QUERIES, DOCUMENTS)).astype(np.float32)


def lse(
    device: str, tau: float, block: int = 200, matrix: np.ndarray = MATRIX, **params: object
) -> tuple[np.ndarray, str]:
    state = Sinkhorn(tau=tau, **params).fit(MatrixScores(matrix, device=device, block=block), FitContext())
    return state.arrays["lse"].cpu().numpy(), str(state.facts["potentials"])


@pytest.mark.parametrize("order", ["documents", "queries"])
def test_two_products_a_round_give_the_potentials_of_the_cpu(order: str) -> None:
    expected, _ = lse("cpu", 0.1, order=order)
    with simulated() as counts:
        found, path = lse("cuda", 0.1, order=order)
        counts.clear()
        lse("cuda", 0.1, order=order)
        waits = counts["waits"]
        lse("cuda", 0.1, order=order, iterations=30)
        assert counts["waits"] == 2 * waits, "no round waits for the device"
    assert path == "float64 products (torch, on the device)"
    np.testing.assert_allclose(found, expected, rtol=0, atol=1e-11)


def test_a_round_reads_the_matrix_twice() -> None:
    with simulated() as counts:
        lse("cuda", 0.1)
        few = counts["bytes"]
        lse("cuda", 0.1, iterations=30)
        more = counts["bytes"] - 2 * few
    assert more / (20 * QUERIES * DOCUMENTS) < 20, "bytes a pair and round, of 16 that two products read"


def test_where_all_scores_do_not_fit_they_are_streamed_and_the_record_says_so() -> None:
    with simulated(memory=8 * QUERIES * DOCUMENTS * 3):
        found, path = lse("cuda", 0.1)
    assert path.startswith("float64, log domain (")
    np.testing.assert_allclose(found, lse("cpu", 0.1)[0], rtol=0, atol=1e-11)


def test_a_temperature_too_small_for_products_is_done_in_the_log_domain() -> None:
    unwanted = MATRIX - 5 * (np.arange(QUERIES) == 3)[:, None].astype(np.float32)
    with simulated():
        found, path = lse("cuda", 0.005, matrix=unwanted)
    assert path.startswith("float64, log domain (")
    np.testing.assert_allclose(found, lse("cpu", 0.005, matrix=unwanted)[0], rtol=1e-12)


def test_a_kernel_that_does_not_compile_is_named_and_torch_serves(monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(_: str) -> bool:
        raise RuntimeError("no ptxas\nmore")

    _on_device.why_no_sums.cache_clear()
    monkeypatch.setattr(_on_device, "_agrees", broken)
    monkeypatch.setattr(_on_device, "multiplied", lambda *_: None)
    with simulated():
        found, path = lse("cuda", 0.1)
    _on_device.why_no_sums.cache_clear()
    assert path.endswith(("RuntimeError: no ptxas)", "(pip install 'sparsebench[gpu]'))"))
    np.testing.assert_allclose(found, lse("cpu", 0.1)[0], rtol=0, atol=1e-11)


@pytest.mark.parametrize("width", [1, 90, 256, 700])
def test_the_width_of_blocks_changes_no_byte_on_the_device(width: int) -> None:
    with simulated():
        expected, found = lse("cuda", 0.1), lse("cuda", 0.1, block=width)
    assert found[0].tobytes() == expected[0].tobytes()


KERNEL = """
import torch
from sparsebench.search import MatrixScores
from sparsebench_plugins.postprocessors import _on_device, _potentials
from sparsebench_plugins.postprocessors._potentials import Streamed

assert _on_device.why_no_sums("cpu") is None, _on_device.why_no_sums("cpu")
chance = torch.Generator().manual_seed(0)
matrix = torch.rand(6, 700, generator=chance)
matrix[:, 5] = matrix[:, 4]
matrix[3, 9] = matrix[2, 9] = 2.0  # two queries own one document alike: the first of them does
lu = torch.rand(6, generator=chance, dtype=torch.float64)

def both(width):
    kernel = Streamed(MatrixScores(matrix.numpy(), block=width), 0.05)
    return *kernel.round(lu, lambda lse: -lse), kernel.shares(lu)

expected = both(300)
_potentials._by_kernel = lambda scores: True
found = [both(width) for width in (300, 128, 700, 31)]
for lv, row_lse, shares in found:
    assert torch.equal(lv, found[0][0]) and torch.equal(row_lse, found[0][1]), "whatever the width"
    assert lv[4] == lv[5]
    torch.testing.assert_close((lv, row_lse), expected[:2], rtol=1e-14, atol=1e-13)
    assert torch.equal(shares.owner, expected[2].owner)
    torch.testing.assert_close(shares.margin, expected[2].margin, rtol=1e-13, atol=1e-12)
one = Streamed(MatrixScores(matrix[:1].numpy()), 0.05).shares(lu[:1])
assert (one.margin == torch.inf).all(), "of a single query there are no others"
"""


def test_the_kernels_give_the_sums_of_torch_in_the_interpreter() -> None:
    pytest.importorskip("triton")
    env = {**os.environ, "TRITON_INTERPRET": "1"}
    done = subprocess.run([sys.executable, "-c", KERNEL], env=env, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr[-3000:]


def test_a_pair_without_a_score_is_named() -> None:
    scores = MATRIX.copy()
    scores[3, 50] = -np.inf
    with simulated(), pytest.raises(ScoreError):
        Sinkhorn(tau=0.1).fit(MatrixScores(scores, device="cuda"), FitContext())
