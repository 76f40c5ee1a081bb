"""DRL (Wang et al. 2022, arXiv 2203.07111): disentangled interactions of words and frames.

Evaluation does not multiply by e: scores lie in [-1, 1] and are a hundredth of CLIP4Clip's, so that no temperature
carries over between the two.
"""

from __future__ import annotations

import math
from typing import Literal

import torch
from torch import Tensor, nn

from sparsebench_plugins.models.video.heads.blocks import unit
from sparsebench_plugins.models.video.heads.shape import HeadShape
from sparsebench_plugins.models.video.heads.system import System, Tensors
from sparsebench_plugins.models.video.heads.temporal import Temporal, pooled

Interaction = Literal["dp", "ti", "wti"]


class DotProductHead(Temporal, System):
    """Head of DRL's dp: cosines of the last word and pooled frames."""

    def texts(self, words: Tensor, sentence: Tensor, mask: Tensor) -> Tensors:
        """Unit last words (N, d): those at the end of the mask."""
        last = words[torch.arange(len(words), device=words.device), mask.sum(dim=-1) - 1]
        return {"sentence": unit(last)}

    def items(self, frames: Tensor, mask: Tensor) -> Tensors:
        """Unit videos (N, d)."""
        return {"video": pooled(self.temporal(frames, mask), mask)}

    def score(self, texts: Tensors, items: Tensors, scale: Tensor) -> Tensor:
        """Score every pair, (Q, V)."""
        return texts["sentence"] @ items["video"].T

    pair_numbers = staticmethod(lambda texts, items: 1)


class TokenHead(Temporal, System):
    """Head of DRL's ti: for each word its nearest frame, for each frame its nearest word, each side's mean, and the
    mean of the two.

    A word or frame that is not there stands in the maximum with a similarity of 0, as in the authors' code: it wins
    where all others are negative.
    """

    def texts(self, words: Tensor, sentence: Tensor, mask: Tensor) -> Tensors:
        """Unit words (N, W, d), zero where there is none, and their weights (N, W)."""
        return {"words": _there(words, mask), "weights": self.text_weights(words, mask)}

    def items(self, frames: Tensor, mask: Tensor) -> Tensors:
        """Unit frames (N, T, d), zero where there is none, and their weights (N, T)."""
        ordered = self.temporal(frames, mask)
        return {"frames": _there(ordered, mask), "weights": self.video_weights(ordered, mask)}

    def text_weights(self, words: Tensor, mask: Tensor) -> Tensor:
        """Weigh words (N, W), equal for all words."""
        return mask / mask.sum(dim=-1, keepdim=True)

    def video_weights(self, frames: Tensor, mask: Tensor) -> Tensor:
        """Weigh frames (N, T), equal for all frames."""
        return mask / mask.sum(dim=-1, keepdim=True)

    def score(self, texts: Tensors, items: Tensors, scale: Tensor) -> Tensor:
        """Score every pair, (Q, V)."""
        pairs = torch.einsum("qwd,vtd->qvwt", texts["words"], items["frames"])
        by_word = torch.einsum("qvw,qw->qv", pairs.amax(dim=3), texts["weights"])
        by_frame = torch.einsum("qvt,vt->qv", pairs.amax(dim=2), items["weights"])
        return (by_word + by_frame) / 2

    @staticmethod
    def pair_numbers(texts: Tensors, items: Tensors) -> int:
        """Words times frames."""
        return 2 * texts["words"].shape[1] * items["frames"].shape[1]


class WeightedTokenHead(TokenHead):
    """Head of DRL's wti: as ti, with weights that two small networks give to raw words and frames."""

    def __init__(self, shape: HeadShape) -> None:
        super().__init__(shape)
        self.text_weight_fc = _weigher(shape.width, shape.arch)
        self.video_weight_fc = _weigher(shape.width, shape.arch)

    def text_weights(self, words: Tensor, mask: Tensor) -> Tensor:
        """Weigh words (N, W), by a softmax over the words that there are."""
        return _softmax(self.text_weight_fc(words), mask)

    def video_weights(self, frames: Tensor, mask: Tensor) -> Tensor:
        """Weigh frames (N, T), by a softmax over the frames that there are."""
        return _softmax(self.video_weight_fc(frames), mask)


def _weigher(width: int, arch: int) -> nn.Module:
    """Make a network of arch - 1 hidden layers, then one number; names as the authors': `.weight`, or `.0.weight`,
    `.2.weight`.
    """
    if arch == 1:
        return nn.Linear(width, 1)
    hidden = [layer for _ in range(arch - 1) for layer in (nn.Linear(width, width), nn.ReLU())]
    return nn.Sequential(*hidden, nn.Linear(width, 1))


def _softmax(numbers: Tensor, mask: Tensor) -> Tensor:
    return numbers[..., 0].masked_fill(~mask, -math.inf).softmax(dim=-1)


def _there(vectors: Tensor, mask: Tensor) -> Tensor:
    return torch.where(mask[..., None], unit(vectors), 0.0)
