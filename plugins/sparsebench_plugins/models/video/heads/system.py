"""Interface of every head over CLIP."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping

from torch import Tensor

Tensors = Mapping[str, Tensor]


class System(ABC):
    """Texts and videos to what is kept of them, and from two of these to scores.

    Q texts, V videos, T frames, W words, d width.
    """

    @abstractmethod
    def texts(self, words: Tensor, sentence: Tensor, mask: Tensor) -> Tensors:
        """Return the features of texts. words: (N, W, d). sentence: (N, d). mask: (N, W) bool."""

    @abstractmethod
    def items(self, frames: Tensor, mask: Tensor) -> Tensors:
        """Return the features of videos. frames: (N, T, d), raw. mask: (N, T) bool."""

    @abstractmethod
    def score(self, texts: Tensors, items: Tensors, scale: Tensor) -> Tensor:
        """Scores (Q, V). scale: e = exp(logit_scale), for systems that multiply by it."""

    @staticmethod
    @abstractmethod
    def pair_numbers(texts: Tensors, items: Tensors) -> int:
        """About how many numbers are in memory for each pair while it is scored."""
