"""Temporal modules over frames: nothing, a transformer or an LSTM, each added to the frames themselves."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from sparsebench_plugins.models.video.heads.blocks import Transformer, unit
from sparsebench_plugins.models.video.heads.shape import HeadShape


class Temporal(nn.Module):
    """Frames (N, T, d) -> frames (N, T, d) through the head that a checkpoint has, the frames added over it."""

    def __init__(self, shape: HeadShape) -> None:
        super().__init__()
        self.kind = shape.temporal
        if self.kind == "seqTransf":
            self.frame_position_embeddings = nn.Embedding(shape.positions, shape.width)
            self.transformerClip = Transformer(shape.width, shape.layers)
        elif self.kind == "seqLSTM":
            self.lstm_visual = nn.LSTM(shape.width, shape.width, batch_first=True)

    def temporal(self, frames: Tensor, mask: Tensor) -> Tensor:
        """Model the order of frames (N, T, d).

        mask: (N, T) bool, True for the first frames of each row, of which there is one at least.

        What stands where there is no frame counts for nothing: it is masked as a key, and an LSTM reaches it last.
        """
        if self.kind == "seqTransf":
            positions = self.frame_position_embeddings.weight[: frames.shape[1]]
            ordered: Tensor = self.transformerClip(frames + positions, mask) + frames
            return ordered
        if self.kind == "seqLSTM":
            return torch.add(self.lstm_visual(frames)[0], frames)
        return frames


def pooled(frames: Tensor, mask: Tensor) -> Tensor:
    """One vector a video, (N, T, d) -> (N, d): every frame is normalised before the mean, and the mean again.

    Frames that are not there are left out rather than multiplied by 0: 0 times NaN is NaN.
    """
    kept = torch.where(mask[..., None], unit(frames), 0.0)
    return unit(kept.sum(dim=1) / mask.sum(dim=1, keepdim=True).clamp(min=1))
