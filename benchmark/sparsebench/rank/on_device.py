"""The best documents of each query, kept on the device that scores them: nothing is copied before the end."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from sparsebench.device import upload
from sparsebench.rank.packed import PLACES, UNRANKED, Packed
from sparsebench.types import Ranking

if TYPE_CHECKING:
    from torch import Tensor


class TopKeys:
    """The k best documents with a float32 score above 0 of each of Q queries, as `Packed` keys.

    order: (D,) as `tie_order` gives it. No step waits for the device.

    Example: `best = TopKeys(queries, k, order, "cuda"); best.add(slice(0, 512), scores); best.ranking()`.
    """

    def __init__(self, queries: int, k: int, order: np.ndarray, device: str) -> None:
        import torch

        self._packed, self._k = Packed(order), k
        self._places = upload(PLACES - order, device)
        self._keys = torch.full((queries, k), UNRANKED, dtype=torch.int64, device=device)

    def add(self, columns: slice, scores: Tensor) -> None:
        """Take in scores (Q, d) of the documents `columns`."""
        self._merge(scores, self._places[columns])

    def add_some(self, documents: Tensor, scores: Tensor) -> None:
        """Take in scores (Q, c) of documents (Q, c), other ones for each query."""
        self._merge(scores, self._places[documents])

    def _merge(self, scores: Tensor, places: Tensor) -> None:
        import torch

        keys = (scores.view(torch.int32).to(torch.int64) << 32).add_(places)
        keys.masked_fill_(scores <= 0, UNRANKED)
        best = keys.topk(min(self._k, keys.shape[1]), dim=1).values
        self._keys = torch.cat([self._keys, best], dim=1).topk(self._k, dim=1).values

    def ranking(self) -> Ranking:
        """The result so far; one copy to the host."""
        return self._packed.ranking(self._keys.cpu().numpy()[:, ::-1])
