"""X-CLIP (Ma et al. 2022, arXiv 2207.07285): four granularities and attention over their similarities."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from sparsebench_plugins.models.video.heads.blocks import unit
from sparsebench_plugins.models.video.heads.shape import HeadShape
from sparsebench_plugins.models.video.heads.system import System, Tensors
from sparsebench_plugins.models.video.heads.temporal import Temporal, pooled

TEMPERATURE = 1e-2


class XClipHead(Temporal, System):
    """Sentence and words against video and frames; matrices are identities before training.

    Nothing is masked but in the pooled video: padding words and padding frames take part, so that W, T, the padding id
    and what a frame of zeros looks like are a part of the model.
    """

    def __init__(self, shape: HeadShape) -> None:
        super().__init__(shape)
        self.global_mat_weight, self.local_mat_weight = _identities(shape.width, 2)
        self.word_logit_weight, self.word_mat_weight, self.word_mat_weight2 = _identities(shape.words, 3)
        self.frame_logit_weight, self.frame_mat_weight, self.frame_mat_weight2 = _identities(shape.frames, 3)

    def texts(self, words: Tensor, sentence: Tensor, mask: Tensor) -> Tensors:
        """Unit words (N, W, d) and sentences (N, d)."""
        return {"words": unit(words), "sentence": unit(sentence)}

    def items(self, frames: Tensor, mask: Tensor) -> Tensors:
        """Unit frames (N, T, d) before the temporal head, and unit videos (N, d) after it."""
        return {"frames": unit(frames), "video": pooled(self.temporal(frames, mask), mask)}

    def score(self, texts: Tensors, items: Tensors, scale: Tensor) -> Tensor:
        """Score every pair, (Q, V): the mean of video and sentence, video and words, sentence and frames, frames and
        words; times e.
        """
        words, sentence, frames, video = texts["words"], texts["sentence"], items["frames"], items["video"]
        coarse = sentence @ self.global_mat_weight @ video.T
        by_word = attended(torch.einsum("qwd,vd->qvw", words, video), self.word_logit_weight)
        by_frame = attended(torch.einsum("qd,vtd->qvt", sentence, frames), self.frame_logit_weight)
        fine = torch.einsum("qwd,vtd->qvwt", words @ self.local_mat_weight, frames)
        words_first = attended(attended(fine.transpose(2, 3), self.word_mat_weight), self.frame_mat_weight2)
        frames_first = attended(attended(fine, self.frame_mat_weight), self.word_mat_weight2)
        return scale * (coarse + by_word + by_frame + (words_first + frames_first) / 2) / 4

    @staticmethod
    def pair_numbers(texts: Tensors, items: Tensors) -> int:
        """Words times frames, several times."""
        return 6 * texts["words"].shape[1] * items["frames"].shape[1]


def _identities(size: int, count: int) -> list[nn.Parameter]:
    return [nn.Parameter(torch.eye(size)) for _ in range(count)]


def attended(similarities: Tensor, matrix: Tensor) -> Tensor:
    """Similarities (…, n) weighted by themselves: their softmax at .01, mixed by a matrix (n, n), (…, n) -> (…)."""
    weights = (similarities / TEMPERATURE).softmax(dim=-1) @ matrix
    return (weights * similarities).sum(dim=-1)
