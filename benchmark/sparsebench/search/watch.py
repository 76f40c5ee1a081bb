"""Notice when a plugin writes to tensors that it was given: torch counts the writes to each.

What escapes the count (`tensor.data`, an array that shares the memory) is found by `sparsebench plugins check`.
"""

from __future__ import annotations

import weakref
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import TYPE_CHECKING

from sparsebench.contracts.calls import calling
from sparsebench.contracts.readonly import RULE
from sparsebench.errors import ContractError

if TYPE_CHECKING:
    from torch import Tensor

SCORES = "the scores of a block"


def version(tensor: Tensor) -> int | None:
    """Return how often the tensor, or one that it is a part of, was written to; None where torch does not count."""
    return None if tensor.is_inference() else tensor._version


class Watch:
    """The tensors that one call of a plugin is given. owner: whom to name, e.g. `Sinkhorn.fit`.

    Example:
        with watching("Mine.apply") as watch:
            watch.lend("the block's scores", block.scores)
            corrected = method.apply(block, state, {})
    """

    def __init__(self, owner: str) -> None:
        self._owner = owner
        self._lent: list[tuple[str, Callable[[], Tensor | None], int | None]] = []

    def lend(self, name: str, tensor: Tensor) -> None:
        """Remember how often it was written to before the call."""
        self._lent.append((name, lambda: tensor, version(tensor)))

    def lend_all(self, name: str, tensors: Mapping[str, Tensor]) -> None:
        """Lend each of some named tensors."""
        for key, tensor in tensors.items():
            self.lend(f"{name}[{key!r}]", tensor)

    @contextmanager
    def lending(self, name: str, tensor: Tensor) -> Iterator[None]:
        """Lend one of many tensors, which is kept in memory no longer than somebody else keeps it."""
        before = version(tensor)
        try:
            yield
        except GeneratorExit:  # an iteration is broken off, maybe before the plugin has looked at what it got
            self._lent.append((name, lambda: tensor, before))
            raise
        if version(tensor) == before:
            self._lent.append((name, weakref.ref(tensor), before))
        else:
            self._lent.append((name, lambda: tensor, before))

    def check(self) -> None:
        """Raise ContractError for the first that was written to."""
        for name, kept, before in self._lent:
            tensor = kept()
            if tensor is not None and version(tensor) != before:
                found = f"it wrote to {name}, which others read too; work on a copy (`tensor.clone()`)"
                raise ContractError(self._owner, RULE, found)


@contextmanager
def watching(owner: str) -> Iterator[Watch]:
    """A watch for one call, announced; raises ContractError after it where `owner` wrote to what it was given."""
    watch = Watch(owner)
    with calling(owner):
        yield watch
    watch.check()
