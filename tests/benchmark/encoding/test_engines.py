from __future__ import annotations

import importlib.util
import subprocess
import sys

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from sparsebench.encoding import candidates, cpu_engine, decoder, engine_on, engines, exact_bf16, passed_over, pool
from sparsebench.encoding.exact_bf16 import ExactBf16
from sparsebench.encoding.exact_int8 import ExactInt8
from sparsebench.errors import ModelError

pytest.importorskip("numba", reason="numba is not installed")

NEEDS_INT8 = pytest.mark.skipif(
    "exact_int8" in passed_over("reference"), reason="this CPU has no dot products of integers of 8 bits (avx512_vnni)"
)
EXACT = ["exact_bf16", pytest.param("exact_int8", marks=NEEDS_INT8)]
FAST = ["numba", *EXACT]


def problem(lengths, terms, biased=True, seed=0, size=5, shift=0.0):
    """Hidden states, lengths, weights and bias; a lower shift makes fewer logits positive."""
    generator = torch.Generator().manual_seed(seed)
    hidden = torch.randn(int(np.sum(lengths)), size, generator=generator)
    weight = torch.randn(terms, size, generator=generator)
    bias = torch.randn(terms, generator=generator) + shift if biased else None
    return hidden, np.array(lengths), weight, bias


def assert_as_reference(engine, hidden, lengths, weight, bias, **how):
    found = decoder(engine, weight, bias)(hidden, lengths, **how)
    expected = pool(hidden, lengths, weight, bias, **how)
    # What is active in one alone is within 1e-5 of zero, and so is its logit.
    np.testing.assert_allclose(found.toarray(), expected.toarray(), atol=1e-5, rtol=1e-6)
    assert found.dtype == np.float32
    assert found.indices.dtype == found.indptr.dtype == np.int32
    assert found.has_sorted_indices
    assert (found.data > 0).all()
    return found


@pytest.mark.parametrize("engine", FAST)
@given(
    lengths=st.lists(st.integers(1, 6), min_size=1, max_size=7),
    terms=st.integers(1, 40),
    block=st.integers(1, 50),
    biased=st.booleans(),
    pooling=st.sampled_from(["max", "sum", "cls"]),
    activation=st.sampled_from(["relu", "log1p_relu"]),
    shift=st.sampled_from([-9.0, -3.0, 0.0, 9.0]),
    seed=st.integers(0, 99),
)
def test_an_engine_gives_the_vectors_of_the_reference(
    engine, lengths, terms, block, biased, pooling, activation, shift, seed
):
    assert_as_reference(
        engine,
        *problem(lengths, terms, biased, seed, shift=shift),
        pooling=pooling,
        activation=activation,
        block=block,
    )


@pytest.mark.parametrize("engine", FAST)
def test_texts_of_one_token_and_of_512_over_250000_terms_need_the_memory_of_one_block(engine, monkeypatch):
    hidden, lengths, weight, bias = problem([512, 1, 1], 250_000, size=4, shift=-12)
    expected = pool(hidden, lengths, weight, bias)
    asked: list[int] = []
    new_empty = torch.Tensor.new_empty
    monkeypatch.setattr(torch.Tensor, "new_empty", lambda self, n, **of: asked.append(n) or new_empty(self, n, **of))
    found = decoder(engine, weight, bias)(hidden, lengths, pooling="max", activation="relu")
    assert len(asked) == 1
    assert asked[0] <= 2**20
    assert 0 < found.nnz == expected.nnz < found.shape[1]
    assert abs(found - expected).max() < 1e-5


@pytest.mark.parametrize("engine", FAST)
@pytest.mark.parametrize("pooling", ["max", "sum", "cls"])
def test_the_tiny_splade_has_the_vectors_of_the_reference(engine, pooling, tiny_splade_dir, beir_dir):
    """On real passages, and nine of them as one text."""
    from transformers import AutoModelForMaskedLM, AutoTokenizer

    lines = (beir_dir / "scifact" / "corpus.jsonl").read_text(encoding="utf-8").splitlines()
    tokenizer = AutoTokenizer.from_pretrained(tiny_splade_dir)
    ids = [tokenizer(text, truncation=True, max_length=512)["input_ids"] for text in (*lines[:3], " ".join(lines[:9]))]
    model = AutoModelForMaskedLM.from_pretrained(tiny_splade_dir).eval()
    with torch.inference_mode():
        states = [model.bert(input_ids=torch.tensor([text])).last_hidden_state[0] for text in ids]
        hidden = model.cls.predictions.transform(torch.cat(states))
        linear = model.cls.predictions.decoder
        lengths = np.array([len(text) for text in ids])
        assert lengths.max() == 512
        found = assert_as_reference(
            engine, hidden, lengths, linear.weight.detach(), linear.bias.detach(), pooling=pooling, activation="relu"
        )
    assert found.nnz > 0


@pytest.mark.parametrize("engine", FAST)
@pytest.mark.parametrize("activation", ["relu", "log1p_relu"])
def test_a_sum_over_512_large_logits_does_not_overflow(engine, activation):
    assert_as_reference(engine, *problem([512, 3], 70, shift=1e6), pooling="sum", activation=activation)


@pytest.mark.parametrize("engine", FAST)
def test_hidden_states_that_are_not_finite_are_an_error(engine):
    decode = decoder(engine, torch.ones(1, 2), None)
    with pytest.raises(ModelError, match="not finite"):
        decode(torch.tensor([[float("inf"), 0]]), np.array([1]), pooling="max", activation="relu")


# ── candidates in low precision ─────────────────────────────────────────────────────────────────────────────


def test_a_logit_that_only_bfloat16_makes_negative_is_active():
    """h = (1 + 2^-9, 1, 1) becomes (1, 1, 1), and its product with (1, -1, -2^-10) -2^-10 instead of 2^-10."""
    hidden, weight = torch.tensor([[1 + 2**-9, 1, 1]]), torch.tensor([[1, -1, -(2**-10)]])
    assert (hidden.bfloat16() @ weight.bfloat16().T).item() == -(2**-10)
    vectors = ExactBf16(weight, None)(hidden, np.array([1]))
    assert vectors.toarray().tolist() == [[pytest.approx(np.log1p(2**-10))]]


@NEEDS_INT8
def test_a_logit_that_only_integers_make_negative_is_active():
    """(1.4, -2.4) / 127 becomes (1, -2) / 127 beside 1, and its product with (1, .5, 0) 0 instead of .2 / 127."""
    hidden, weight = torch.tensor([[1.4 / 127, -2.4 / 127, 1]]), torch.tensor([[1, 0.5, 0]])
    decode = ExactInt8(weight, None)
    assert decode.multiply(decode.round(hidden).factors, decode.rounded.factors.T).item() <= 0
    assert decode(hidden, np.array([1])).toarray().tolist() == [[pytest.approx(np.log1p(0.2 / 127))]]


@pytest.mark.parametrize("engine", EXACT)
@given(
    size=st.sampled_from([2, 3, 64, 384]),
    scales=st.tuples(st.sampled_from([1e-4, 1.0, 1e4]), st.sampled_from([1e-4, 1.0, 1e4])),
    seed=st.integers(0, 99),
)
def test_every_logit_is_within_the_bound_of_what_low_precision_makes_of_it(engine, size, scales, seed):
    from sparsebench.encoding.exact_bf16_kernel import ROUNDING

    hidden, _, weight, _ = problem([30], 50, False, seed, size)
    hidden, weight = hidden * scales[0], weight * scales[1]
    decode = decoder(engine, weight, None)
    rounded = decode.round(hidden)
    product = decode.multiply(rounded.factors, decode.rounded.factors.T).float()
    logits = (product * rounded.scale[:, None] * decode.rounded.scale).numpy()
    exact = (hidden.double() @ weight.double().T).numpy()
    once_more = ROUNDING * abs(logits) if engine == "exact_bf16" else 0
    assert (abs(logits - exact) <= decode.slack(hidden, rounded) + once_more).all()


@NEEDS_INT8
def test_a_torch_that_multiplies_integers_wrongly_is_an_error(monkeypatch):
    """As one does that sums them in 16 bits; torch 2.13 does where the inner dimension is 1."""
    monkeypatch.setattr(torch, "_int_mm", lambda left, right: (left.short() @ right.short()).int())
    ExactInt8(torch.ones(3, 2), None)
    with pytest.raises(ModelError, match="wrongly here; use engine: numba"):
        ExactInt8(torch.ones(3, 64), None)


@NEEDS_INT8
def test_hidden_states_and_terms_of_zeros_have_the_logit_that_their_bias_is():
    hidden, weight = torch.tensor([[0.0, 0.0], [1.0, 2.0]]), torch.tensor([[0.0, 0.0], [-1.0, 0.0], [0.0, 1.0]])
    assert_as_reference("exact_int8", hidden, np.array([1, 1]), weight, torch.tensor([1.0, -1.0, 0.5]))


def test_maxima_of_bits_are_maxima_of_the_numbers():
    """All finite bfloat16, shuffled into columns."""
    from sparsebench.encoding.exact_bf16_kernel import ordered, ordered_maxima

    bits = np.arange(-(2**15), 2**15).astype(np.int16)
    numbers = torch.from_numpy(bits).view(torch.bfloat16).float().numpy()
    order = np.random.default_rng(3).permutation(np.flatnonzero(np.isfinite(numbers)))[: 64 * 1000].reshape(64, 1000)
    largest = np.empty(1000, np.int16)
    ordered_maxima(bits[order], largest)
    found = torch.from_numpy(ordered.py_func(largest)).view(torch.bfloat16).float().numpy()
    np.testing.assert_array_equal(found, numbers[order].max(axis=0))


@given(st.lists(st.floats(width=32, allow_nan=False, allow_infinity=False), min_size=1, max_size=30))
def test_no_bfloat16_above_a_number_is_beneath_its_place_in_the_order(numbers):
    numbers = np.array(numbers, np.float32)
    rounded = torch.from_numpy(numbers).bfloat16().float().numpy()
    above = exact_bf16.ordered(rounded)[None, :] >= exact_bf16.ordered(numbers)[:, None]
    assert above[rounded[None, :] > numbers[:, None]].all()


@pytest.mark.parametrize("engine", EXACT)
def test_a_dense_block_is_decoded_in_float32(engine, monkeypatch):
    how = {"pooling": "max", "activation": "relu"}
    texts = problem([9, 3, 1], 70)
    monkeypatch.setattr(candidates, "DENSE", 10**9)  # one candidate is too many
    as_dense = assert_as_reference(engine, *texts, **how)
    assert (as_dense != decoder("numba", *texts[2:])(*texts[:2], **how)).nnz == 0


# ── which engine ────────────────────────────────────────────────────────────────────────────────────────────


@pytest.fixture
def machine(monkeypatch, tmp_path):
    """A machine with these flags of its CPU, and with or without numba."""

    def make(flags, numba=True):
        (tmp_path / "cpuinfo").write_text(f"processor\t: 0\nflags\t\t: fpu {flags}\n\nprocessor\t: 1\nflags\t\t: fpu\n")
        monkeypatch.setattr(engines, "CPUINFO", tmp_path / "cpuinfo")
        monkeypatch.setattr(importlib.util, "find_spec", lambda name: numba or None)

    return make


@pytest.mark.parametrize(
    ("flags", "numba", "engine"),
    [
        ("avx2", True, "numba"),
        ("avx512_bf16", True, "numba"),
        ("avx512_bf16 avx512_vnni", True, "exact_int8"),
        ("avx512_bf16 avx512_vnni amx_bf16 amx_tile", True, "exact_bf16"),
        ("amx_bf16 avx512_vnni", False, "reference"),
    ],
)
def test_auto_takes_the_fastest_engine_of_a_machine(flags, numba, engine, machine):
    machine(flags, numba)
    assert cpu_engine("auto") == engine
    assert engine_on("cpu", "auto") == engine
    assert engine_on("cuda:1", "auto") == "reference"


def test_a_machine_that_lacks_something_says_what(machine):
    machine("avx2", numba=False)
    assert set(passed_over(cpu_engine("auto"))) == {"exact_bf16", "exact_int8", "numba"}
    assert "amx_bf16" in passed_over("reference")["exact_bf16"]
    assert "pip install numba" in passed_over("reference")["numba"]
    machine("amx_bf16")
    assert passed_over(cpu_engine("auto")) == {}


def test_a_system_that_tells_nothing_of_its_cpu_has_no_bfloat16(machine, monkeypatch, tmp_path):
    machine("amx_bf16")
    monkeypatch.setattr(engines, "CPUINFO", tmp_path / "none")
    assert cpu_engine("auto") == "numba"


def test_an_engine_that_cannot_be_had_is_an_error(machine):
    machine("avx2", numba=False)
    with pytest.raises(ModelError, match=r"engine 'numba': numba cannot be imported \(pip install"):
        cpu_engine("numba")
    machine("avx2")
    assert cpu_engine("exact_bf16") == "exact_bf16", "slow there, but right"
    with pytest.raises(ModelError, match=r"engine 'exact_int8': this CPU has no dot products .* \(avx512_vnni\)"):
        cpu_engine("exact_int8")


def test_naming_an_engine_loads_neither_torch_nor_numba():
    program = (
        "import sys\n"
        "from sparsebench.encoding import cpu_engine\n"
        "cpu_engine('auto')\n"
        "assert not {'torch', 'numba', 'scipy'} & set(sys.modules), sorted(sys.modules)\n"
    )
    subprocess.run([sys.executable, "-c", program], check=True)
