"""The one simulated device of a process: its counts, its memory, and the copies that nobody has waited for yet."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable

import torch

from device.simulator.card import Card
from device.simulator.counts import Counts

NAME = "sim"


class Device:
    """limit: bytes of its memory, 0 for no end of it. tf32: whether it can round products to TF32.
    met: whether anything has been on it. card: where it is the card of two processes, what they hold.
    """

    card: Card | None = None

    def __init__(self) -> None:
        self.copied = 0
        self._pinned: dict[int, torch.UntypedStorage] = {}
        self.begin()

    def begin(self, limit: int = 0, *, tf32: bool = True, met: bool = True) -> None:
        """Be a device that nobody used yet: what tensors of the one before hold, alive or not, is not its memory."""
        self.counts = Counts()
        self.limit, self.tf32, self.met = limit, tf32, met
        self._storages: Counter[int] = Counter()
        self._copies: list[Callable[[], None]] = []

    def take(self, storage: torch.UntypedStorage) -> tuple[Counter[int], int, int]:
        """Count a storage that a tensor stands on; raises torch.OutOfMemoryError where there is no room for it."""
        key, size, self.met = storage._cdata, storage.nbytes(), True
        if not self._storages[key]:
            if self.limit and size > self.free(self.limit):
                wanted = f"Tried to allocate {size / 2**20:.2f} MiB"
                raise torch.OutOfMemoryError(f"CUDA out of memory. {wanted} (simulated)")
            self._hold(size)
        self._storages[key] += 1
        return self._storages, key, size

    def release(self, storage: torch.UntypedStorage, among: Counter[int], key: int, size: int) -> None:
        """Let go of it. `storage` is held until then, so that its address is not used again."""
        among[key] -= 1
        if not among[key] and among is self._storages:
            self._hold(-size)

    def free(self, whole: int) -> int:
        """Bytes that nobody holds, of so many."""
        return whole - self.counts.live - (self.card.others if self.card else 0)

    def _hold(self, size: int) -> None:
        self.counts.hold(size)
        if self.card:
            self.card.hold(self.counts.live)

    def pin(self, tensor: torch.Tensor) -> torch.Tensor:
        """Let a CPU tensor be pinned, for as long as the process lives."""
        storage = tensor.untyped_storage()
        self._pinned[storage._cdata] = storage
        return tensor

    def is_pinned(self, tensor: torch.Tensor) -> bool:
        """Whether it stands on pinned memory."""
        return tensor.untyped_storage()._cdata in self._pinned

    def later(self, copy: Callable[[], None]) -> None:
        """Do a copy when somebody waits for it."""
        self._copies.append(copy)
        self.copied += 1

    def wait(self, until: int | None = None) -> None:
        """The host stands still until so many copies since the beginning are done, or all of them."""
        self.counts.add("waits")
        self.finish(until)

    def finish(self, until: int | None = None) -> None:
        """Do the copies that are not done yet."""
        left = 0 if until is None else self.copied - until
        while len(self._copies) > left:
            self._copies.pop(0)()


DEVICE = Device()
