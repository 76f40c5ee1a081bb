"""The one simulated device of a process: its counts, its memory, and the copies that nobody has waited for yet."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable

import torch

from device.simulator.counts import Counts

NAME = "sim"


class Device:
    """limit: bytes of its memory, 0 for no end of it. tf32: whether it can round products to TF32."""

    def __init__(self) -> None:
        self.counts = Counts()
        self.limit = 0
        self.tf32 = True
        self._storages: Counter[int] = Counter()
        self._copies: list[Callable[[], None]] = []
        self.copied = 0
        self._pinned: dict[int, torch.UntypedStorage] = {}

    def take(self, storage: torch.UntypedStorage) -> tuple[int, int]:
        """Count a storage that a tensor stands on; raises torch.OutOfMemoryError where there is no room for it."""
        key, size = storage._cdata, storage.nbytes()
        if not self._storages[key]:
            if self.limit and self.counts.live + size > self.limit:
                wanted = f"Tried to allocate {size / 2**20:.2f} MiB"
                raise torch.OutOfMemoryError(f"CUDA out of memory. {wanted} (simulated)")
            self.counts.hold(size)
        self._storages[key] += 1
        return key, size

    def release(self, storage: torch.UntypedStorage, key: int, size: int) -> None:
        """Let go of it. `storage` is held until then, so that its address is not used again."""
        self._storages[key] -= 1
        if not self._storages[key]:
            self.counts.hold(-size)

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
