"""Other ways to encode the same texts: in exact arithmetic none of them would change a vector."""

from __future__ import annotations

import math
import os
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, TypeVar

import numpy as np

from sparsebench.contracts import LoadedEncoder
from sparsebench.contracts.rounding import roundings
from sparsebench.encoding.returned import encoded
from sparsebench.registry.parameter_docs import Factory, type_hints
from sparsebench.types import Json, Role
from sparsebench.workers import workers

if TYPE_CHECKING:
    from scipy.sparse import csr_array

FEW = 7

T = TypeVar("T")
Calls = Callable[[int], Sequence[np.ndarray]]
"""N -> the positions of the texts of each call of the encoder."""


def at_once(texts: int) -> Sequence[np.ndarray]:
    """Put all texts in one call, in their order."""
    return [np.arange(texts)]


def shuffled(texts: int) -> Sequence[np.ndarray]:
    """Put all texts in one call, in another order: other texts share a batch."""
    return [np.random.default_rng(0).permutation(texts)]


def few_at_a_time(texts: int) -> Sequence[np.ndarray]:
    """Split texts into small calls: batches are smaller, and neighbours of other lengths share one."""
    return np.array_split(np.arange(texts), math.ceil(texts / FEW))


@dataclass(frozen=True)
class Variation:
    """One way. threads: how many may work, None for as many as do. params: of the model, in place of the suite's.
    named: whether the identity of a model says what `params` are, so that another spelling of the same can be told.
    counts: whether what it changes is noise.
    """

    name: str
    calls: Calls = at_once
    threads: int | None = None
    params: Mapping[str, Json] = field(default_factory=dict)
    named: bool = False
    counts: bool = True

    def encode(self, encoder: LoadedEncoder, texts: Sequence[str], role: Role) -> csr_array:
        """Vectors of texts (N, V), in their own order."""
        from scipy.sparse import vstack

        parts = self.run(lambda call: encoded(encoder, [texts[place] for place in call], role).vectors, len(texts))
        return vstack(parts, format="csr")[np.argsort(np.concatenate(self.calls(len(texts))))]

    def run(self, encode: Callable[[np.ndarray], T], count: int) -> list[T]:
        """Return the result of `encode` on each call's positions, call by call."""
        with _threads(self.threads):
            return [encode(call) for call in self.calls(count)]


def variations(factory: Factory, params: Mapping[str, Json], device: str = "cpu") -> list[Variation]:
    """List all ways to encode with a model made by `factory` from `params`; the first is the suite's own once more.

    On a GPU the number of threads changes nothing.
    """
    threads = (1, 2 * workers()) if device == "cpu" else ()
    return [
        Variation("once more"),
        Variation("another order", shuffled),
        Variation(f"{FEW} texts a call", few_at_a_time),
        *(Variation(f"threads={count}", threads=count) for count in threads if count != workers()),
        *_other_values(factory, params),
    ]


def _other_values(factory: Factory, params: Mapping[str, Json]) -> Iterator[Variation]:
    """Yield a variation for each other value of each parameter that is marked by Rounding."""
    for name, (mark, values) in roundings(type_hints(factory)).items():
        for value in values:
            if value != params.get(name):
                yield Variation(f"{name}={value}", params={name: value}, named=not mark.values, counts=mark.noise)


@contextmanager
def _threads(count: int | None) -> Iterator[None]:
    """Let so many threads work, those of `sparsebench.workers` and of torch, where it is loaded."""
    if count is None:
        yield
        return
    torch, asked = sys.modules.get("torch"), os.environ.get("OMP_NUM_THREADS")
    before = torch.get_num_threads() if torch else None
    os.environ["OMP_NUM_THREADS"] = str(count)
    try:
        if torch:
            torch.set_num_threads(count)
        yield
    finally:
        if torch:
            torch.set_num_threads(before)
        if asked is None:
            del os.environ["OMP_NUM_THREADS"]
        else:
            os.environ["OMP_NUM_THREADS"] = asked
