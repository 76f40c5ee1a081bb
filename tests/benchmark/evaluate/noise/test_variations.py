from __future__ import annotations

import os
from collections.abc import Sequence
from typing import Annotated, Literal

import numpy as np
import pytest
from annotated_types import Ge

import toys
from sparsebench.contracts import LoadedEncoder, Rounding
from sparsebench.evaluate.noise.variations import FEW, variations
from sparsebench.types import Encoded, Role
from sparsebench.workers import workers

TEXTS = [" ".join(toys.WORDS[: 1 + place % 5]) for place in range(20)]


class Tunable:
    def __init__(
        self,
        *,
        batch_tokens: Annotated[Annotated[int, Ge(1)] | None, Rounding(values=(512, 2048))] = None,
        engine: Annotated[Literal["auto", "quick"], Rounding()] = "auto",
        precision: Annotated[Literal["float32"] | None, Rounding()] = "float32",
        dtype: Literal["float32", "float16"] = "float32",
        tau: float = 1.0,
    ) -> None: ...


class Spy(toys.LoadedWords):
    """Remembers the size of each call, and how many threads it had."""

    def __init__(self) -> None:
        super().__init__(0.5)
        self.sizes: list[int] = []
        self.threads: set[int] = set()

    def encode(self, texts: Sequence[str], role: Role) -> Encoded:
        self.sizes.append(len(texts))
        self.threads.add(workers())
        return super().encode(texts, role)


def dense(encoder: LoadedEncoder) -> np.ndarray:
    found: np.ndarray = encoder.encode(TEXTS, "document").vectors.toarray()
    return found


def test_every_way_gives_the_vectors_in_the_order_of_the_texts() -> None:
    encoder = toys.LoadedWords(0.5)
    for variation in variations(toys.Words, {}):
        again = variation.encode(encoder, TEXTS, "document").toarray()
        assert np.array_equal(again, dense(encoder)), variation.name


def test_only_parameters_that_change_nothing_but_rounding_take_other_values() -> None:
    params = {"engine": "auto", "precision": "float32", "dtype": "float32", "batch_tokens": 512}
    names = [each.name for each in variations(Tunable, params)]
    assert names[-2:] == ["batch_tokens=2048", "engine=quick"]
    assert [name for name in names if "tau" in name or "dtype" in name or "precision" in name or "512" in name] == []
    assert [each.params for each in variations(toys.Words, {}) if each.params] == []


def test_calls_differ_in_size_and_in_order() -> None:
    once, other, few, *_ = variations(toys.Words, {})
    spies = [Spy(), Spy(), Spy()]
    for spy, variation in zip(spies, (once, other, few), strict=True):
        variation.encode(spy, TEXTS, "query")
    assert [spy.sizes for spy in spies[:2]] == [[20], [20]]
    assert max(spies[2].sizes) <= FEW < sum(spies[2].sizes) == 20
    assert sorted(other.calls(20)[0]) == list(range(20)) != list(other.calls(20)[0])


@pytest.mark.parametrize("before", [None, "3"])
def test_other_numbers_of_threads_hold_while_it_encodes_and_no_longer(
    before: str | None, monkeypatch: pytest.MonkeyPatch
) -> None:
    import torch

    monkeypatch.delenv("OMP_NUM_THREADS") if before is None else monkeypatch.setenv("OMP_NUM_THREADS", before)
    own, own_of_torch, spy = workers(), torch.get_num_threads(), Spy()
    for variation in variations(toys.Words, {}):
        variation.encode(spy, TEXTS, "query")
    assert spy.threads == {1, own, 2 * own}
    assert os.environ.get("OMP_NUM_THREADS") == before
    assert torch.get_num_threads() == own_of_torch


def test_another_precision_is_told_and_counts_as_no_noise() -> None:
    class Model:
        def __init__(
            self,
            *,
            dtype: Annotated[Literal["float32", "bfloat16"], Rounding(noise=False)] = "float32",
            engine: Annotated[Literal["auto", "quick"], Rounding()] = "auto",
        ) -> None: ...

    found = {each.name: each.counts for each in variations(Model, {"dtype": "float32", "engine": "auto"})}
    assert found["dtype=bfloat16"] is False
    assert found["engine=quick"] is found["once more"] is True


def test_on_a_gpu_threads_are_no_variation() -> None:
    names = {each.name for each in variations(type("Model", (), {}), {}, "cuda")}
    assert not any(name.startswith("threads=") for name in names)
