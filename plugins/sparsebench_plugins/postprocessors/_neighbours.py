"""The best few: of each document's queries, and of each query's documents."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sparsebench_plugins.postprocessors._fitting import Fitting, complete

if TYPE_CHECKING:
    from torch import Tensor


def mean_of_best(blocks: Fitting, k: int) -> Tensor:
    """Mean of the k >= 1 highest scores of each document, (D,) float64; of all where there are fewer queries."""
    import torch

    nearest = min(k, blocks.shape[0])
    return torch.cat([complete(block).topk(nearest, dim=0).values.mean(dim=0) for block in blocks])


def kth_best(blocks: Fitting, k: int) -> Tensor:
    """The k-th highest score of each query, k >= 1, (Q,); the lowest where there are fewer than k documents."""
    import torch

    best = torch.empty(blocks.shape[0], 0)
    for block in blocks:
        rivals = torch.cat([best.to(block.scores), block.scores], dim=1)
        best = rivals.topk(min(k, rivals.shape[1]), dim=1).values
    return best[:, -1]
