"""Encoding on the device: the vectors of the CPU by every engine, few waits and copies a batch, the host never idle."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import torch
from scipy.sparse import csr_array

from device.simulator import simulated
from device.simulator.state import DEVICE
from sparsebench import ModelError
from sparsebench.encoding import States, device_decoder, encode_on_device, engine_on, pool
from sparsebench.encoding.on_device import DeviceDecoder
from sparsebench_plugins.models.splade import Splade

SIZE, HIDDEN = 300, 48
LENGTHS = np.array([9, 9, 7, 4, 1])
ENGINES = ("reference", "exact_bf16", "exact_tf32")


def problem(seed: int, shift: float = -6.0) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
    """Hidden states (T, h) of LENGTHS, weight (V, h), bias (V,): about one logit in a few dozen is above 0."""
    chance = torch.Generator().manual_seed(seed)
    hidden = torch.randn(int(LENGTHS.sum()), HIDDEN, generator=chance)
    return hidden, torch.randn(SIZE, HIDDEN, generator=chance) / 2, torch.full((SIZE,), shift)


def padded(hidden: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
    """(N, L, h) on the device, with nonsense where there is no token, and where there are tokens."""
    there = torch.arange(int(LENGTHS.max())) < torch.from_numpy(LENGTHS)[:, None]
    states = torch.full((*there.shape, HIDDEN), 1e4)
    states[there] = hidden
    return states.cuda(), there.cuda()


def on_device(engine: str, seed: int, pooling: str, activation: str, shift: float = -6.0) -> csr_array:
    hidden, weight, bias = problem(seed, shift)
    running = device_decoder(engine, weight.cuda(), bias.cuda()).launch(
        States.of(*padded(hidden), pooling), pooling, activation
    )
    running.settle()
    return running.take()


@pytest.mark.parametrize("pooling", ["max", "sum", "cls"])
@pytest.mark.parametrize("activation", ["relu", "log1p_relu"])
@pytest.mark.parametrize("engine", ENGINES)
def test_every_engine_gives_the_vectors_of_the_reference(engine: str, pooling: str, activation: str) -> None:
    for seed, shift in ((0, -6.0), (1, -60.0), (2, 3.0)):
        hidden, weight, bias = problem(seed, shift)
        expected = pool(hidden, LENGTHS, weight, bias, pooling=pooling, activation=activation)
        with simulated():
            found = on_device(engine, seed, pooling, activation, shift)
        assert found.has_sorted_indices
        np.testing.assert_allclose(found.toarray(), expected.toarray(), atol=1e-5 * max(1, abs(expected).max()))
        assert (shift == -6.0) <= (expected.nnz < 0.5 * SIZE * len(LENGTHS)), "few are active"


def test_low_precision_alone_would_not_do() -> None:
    hidden, weight, bias = problem(0)
    expected = pool(hidden, LENGTHS, weight, bias)
    rounded = pool(hidden.bfloat16().float(), LENGTHS, weight.bfloat16().float(), bias)
    assert abs(rounded - expected).max() > 1e-3


def test_states_that_are_no_numbers_are_refused() -> None:
    hidden, weight, bias = problem(0)
    hidden[12, 3] = torch.nan
    with simulated():
        decoder = device_decoder("reference", weight.cuda(), bias.cuda())
        running = decoder.launch(States.of(*padded(hidden), "max"), "max", "relu")
        with pytest.raises(ModelError, match="not finite"):
            running.settle()


def test_a_device_has_its_own_engines() -> None:
    assert engine_on("cuda:1", "auto") == "reference"
    assert engine_on("cuda", "auto", "bfloat16") == "exact_bf16"
    with pytest.raises(ModelError, match="is for CPUs; on cuda there are exact_bf16, exact_tf32, fused, reference"):
        engine_on("cuda", "numba")
    with pytest.raises(ModelError, match="is for GPUs; a CPU has"):
        engine_on("cpu", "exact_tf32")
    with pytest.raises(ModelError, match="dtype: tf32 is what NVIDIA's GPUs"):
        engine_on("cpu", "auto", "tf32")


TEXTS = [" ".join(["some words of a text"] * (1 + number % 9)) for number in range(60)]


@pytest.mark.parametrize("engine", ["reference", "exact_bf16"])
def test_a_batch_costs_three_waits_and_four_copies_at_most(
    tiny_splade_dir: Path, engine: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    launched: list[str] = []
    launch = DeviceDecoder.launch

    def counted(self: DeviceDecoder, *args: object) -> object:
        launched.append(engine)
        return launch(self, *args)

    monkeypatch.setattr(DeviceDecoder, "launch", counted)
    splade = Splade(checkpoint=str(tiny_splade_dir), engine=engine, batch_tokens=256)
    with simulated() as counts:
        encoder = splade.load("cuda")
        encoder.encode(TEXTS[:2], "document")
        counts.clear()
        launched.clear()
        encoder.encode(TEXTS, "document")
        batches = len(launched)
        assert batches > 5
        assert counts["uploads"] + counts["downloads"] <= 4 * batches
        assert counts["waits"] <= 3 * batches


def test_large_and_small_batches_give_the_vectors_of_the_cpu(tiny_splade_dir: Path) -> None:
    expected = Splade(checkpoint=str(tiny_splade_dir)).load("cpu").encode(TEXTS, "document").vectors
    with simulated():
        for tokens in (None, 64):
            encoder = Splade(checkpoint=str(tiny_splade_dir), batch_tokens=tokens).load("cuda")
            assert abs(encoder.encode(TEXTS, "document").vectors - expected).max() < 1e-5


def test_texts_that_were_foreseen_are_encoded_alike(tiny_splade_dir: Path) -> None:
    with simulated():
        encoder = Splade(checkpoint=str(tiny_splade_dir)).load("cuda")
        expected = encoder.encode(TEXTS, "document").vectors
        encoder.foresee(TEXTS, "document")
        assert abs(encoder.encode(TEXTS[:3], "document").vectors - expected[:3]).max() < 1e-5, "others come first"
        assert abs(encoder.encode(list(TEXTS), "document").vectors - expected).max() == 0


@pytest.mark.parametrize("share", [2, 4])
def test_what_does_not_fit_is_halved(tiny_splade_dir: Path, share: int) -> None:
    splade = Splade(checkpoint=str(tiny_splade_dir), batch_tokens=4096)
    with simulated() as counts:
        encoder = splade.load("cuda")
        weights = counts.live
        expected = encoder.encode(TEXTS, "document").vectors
        needed = counts.peak - weights
        del encoder
    with simulated(memory=weights + needed // share):
        found = splade.load("cuda").encode(TEXTS, "document").vectors
    assert abs(found - expected).max() < 1e-5


def test_a_card_too_small_for_the_weights_or_for_one_text_says_what_to_do(tiny_splade_dir: Path) -> None:
    splade = Splade(checkpoint=str(tiny_splade_dir))
    with simulated() as counts:
        encoder = splade.load("cuda")
        weights = counts.live
        del encoder
    with simulated(memory=weights // 2), pytest.raises(ModelError, match=r"does not fit in the memory of cuda; free"):
        splade.load("cuda")
    with simulated():
        encoder = splade.load("cuda")
        DEVICE.limit = DEVICE.counts.live + 20_000
        with pytest.raises(ModelError, match="does not fit in memory by itself; lower the maximum length, free memory"):
            encoder.encode(TEXTS, "document")


@pytest.mark.parametrize("dtype", ["tf32", "bfloat16"])
def test_a_lower_precision_is_what_it_says_and_named_in_the_key(tiny_splade_dir: Path, dtype: str) -> None:
    exact, low = (Splade(checkpoint=str(tiny_splade_dir), dtype=name) for name in ("float32", dtype))
    assert exact.identity("document") != low.identity("document")
    with simulated():
        vectors = [splade.load("cuda").encode(TEXTS, "document").vectors for splade in (exact, low)]
    assert 1e-5 < abs(vectors[0] - vectors[1]).max() < 0.1
    assert torch.get_float32_matmul_precision() == "highest"


def test_tf32_is_refused_where_nothing_rounds_to_it(tiny_splade_dir: Path) -> None:
    splade = Splade(checkpoint=str(tiny_splade_dir), dtype="tf32")
    with simulated(tf32=False), pytest.raises(ModelError, match="does not multiply in TF32"):
        splade.load("cuda")


class Counted:
    """A batch of the pipeline that writes down what is asked of it."""

    def __init__(self, name: str, calls: list[str]) -> None:
        self.name, self.calls = name, calls
        calls.append(f"launch {name}")

    def settle(self) -> None:
        self.calls.append(f"settle {self.name}")

    def take(self) -> csr_array:
        self.calls.append(f"take {self.name}")
        return csr_array((2, 5), dtype=np.float32)


def test_the_host_takes_a_batch_while_the_device_computes_the_next() -> None:
    calls: list[str] = []
    encode_on_device(lambda at: Counted("abc"[at[0] // 2], calls), np.full(6, 2), budget=4, most=9, size=5)
    assert calls == [
        *("launch a", "settle a"),
        *("launch b", "take a", "settle b"),
        *("launch c", "take b", "settle c", "take c"),
    ]


KERNEL = """
import torch
from sparsebench.encoding import device_decoder, on_device
from sparsebench.encoding.on_device import Reference, States

chance = torch.Generator().manual_seed(0)
hidden, weight = torch.randn(3, 7, 20, generator=chance), torch.randn(150, 20, generator=chance)
there = torch.arange(7) < torch.tensor([[7], [3], [1]])
states, bias = States.of(hidden, there, "max"), torch.randn(150, generator=chance)
decoder = device_decoder("fused", weight, bias)
assert decoder.fallback is None, decoder.fallback
found = decoder.pooled(states, None)
torch.testing.assert_close(found, Reference(weight, bias).pooled(states, None), rtol=0, atol=1e-5)
"""


def test_the_fused_decoder_gives_the_maxima_of_the_reference_in_the_interpreter() -> None:
    pytest.importorskip("triton")
    env = {**os.environ, "TRITON_INTERPRET": "1"}
    done = subprocess.run([sys.executable, "-c", KERNEL], env=env, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr[-3000:]


def test_a_kernel_that_does_not_compile_is_named_and_the_reference_serves(tiny_splade_dir: Path) -> None:
    with simulated():
        fused, plain = (Splade(checkpoint=str(tiny_splade_dir), engine=name).load("cuda") for name in ("fused", "auto"))
        reason = fused.provenance()["document"]["reference_because"]
        assert reason.startswith(("the kernel does not compile: ", "triton is not installed"))
        vectors = [encoder.encode(TEXTS[:9], "document").vectors for encoder in (fused, plain)]
    assert abs(vectors[0] - vectors[1]).max() == 0
