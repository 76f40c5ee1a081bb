"""CLIP4Clip (Luo et al. 2021, arXiv 2104.08860): scores of sentences for videos."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from sparsebench_plugins.models.video.heads.blocks import EPSILON, Transformer, quick_gelu, unit
from sparsebench_plugins.models.video.heads.shape import HeadShape
from sparsebench_plugins.models.video.heads.system import System, Tensors
from sparsebench_plugins.models.video.heads.temporal import Temporal, pooled


class Clip4ClipHead(Temporal, System):
    """Head of CLIP4Clip's meanP, seqTransf, seqLSTM: cosines of sentences and pooled frames, times e."""

    def texts(self, words: Tensor, sentence: Tensor, mask: Tensor) -> Tensors:
        """Unit sentences (N, d)."""
        return {"sentence": unit(sentence)}

    def items(self, frames: Tensor, mask: Tensor) -> Tensors:
        """Unit videos (N, d)."""
        return {"video": pooled(self.temporal(frames, mask), mask)}

    def score(self, texts: Tensors, items: Tensors, scale: Tensor) -> Tensor:
        """Score every pair, (Q, V)."""
        return scale * texts["sentence"] @ items["video"].T

    pair_numbers = staticmethod(lambda texts, items: 1)


class _Embeddings(nn.Module):
    def __init__(self, positions: int, width: int) -> None:
        super().__init__()
        self.position_embeddings = nn.Embedding(positions, width)


class _Pooler(nn.Module):
    def __init__(self, width: int) -> None:
        super().__init__()
        self.ln_pool = nn.LayerNorm(width, eps=EPSILON)
        self.dense = nn.Linear(width, width)


class _Cross(nn.Module):
    def __init__(self, shape: HeadShape) -> None:
        super().__init__()
        self.embeddings = _Embeddings(shape.positions, shape.width)
        self.transformer = Transformer(shape.width, shape.layers)
        self.pooler = _Pooler(shape.width)


class TightHead(nn.Module, System):
    """Head of CLIP4Clip's tightTransf: a transformer reads a sentence and all frames of a video as one sequence, for
    every pair.

    Neither a cosine nor times e: Q V passes of the transformer.
    """

    def __init__(self, shape: HeadShape) -> None:
        super().__init__()
        self.cross = _Cross(shape)
        self.similarity_dense = nn.Linear(shape.width, 1)

    def texts(self, words: Tensor, sentence: Tensor, mask: Tensor) -> Tensors:
        """Sentences (N, d), not normalised."""
        return {"sentence": sentence}

    def items(self, frames: Tensor, mask: Tensor) -> Tensors:
        """Frames (N, T, d), not normalised, with their mask (N, T)."""
        return {"frames": frames, "mask": mask}

    def score(self, texts: Tensors, items: Tensors, scale: Tensor) -> Tensor:
        """Score every pair, (Q, V)."""
        sentence, frames, mask = texts["sentence"], items["frames"], items["mask"].bool()
        queries, videos, length = len(sentence), *frames.shape[:2]
        pairs = torch.cat(
            [sentence[:, None, None].expand(-1, videos, -1, -1), frames.expand(queries, -1, -1, -1)], dim=2
        ).flatten(0, 1)  # (Q V, 1 + T, d)
        there = nn.functional.pad(mask, (1, 0), value=True).expand(queries, -1, -1).flatten(0, 1)
        positions = self.cross.embeddings.position_embeddings.weight[: 1 + length]
        states = self.cross.transformer(pairs + positions, there)
        first = self.cross.pooler.dense(self.cross.pooler.ln_pool(states)[:, 0])
        return torch.reshape(self.similarity_dense(quick_gelu(first)), (queries, videos))

    pair_numbers = staticmethod(lambda texts, items: 8 * (1 + items["frames"].shape[1]) * items["frames"].shape[2])
