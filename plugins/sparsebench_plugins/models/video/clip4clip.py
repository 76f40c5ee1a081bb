"""CLIP4Clip (Luo et al. 2021, arXiv 2104.08860)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

from sparsebench_plugins.models.video.clip_system import ClipSystem
from sparsebench_plugins.models.video.heads.shape import HeadShape

if TYPE_CHECKING:
    from torch import nn


@dataclass(frozen=True, kw_only=True)
class Clip4Clip(ClipSystem):
    """CLIP with a mean, a transformer or an LSTM over frames, or one transformer over sentence and frames.

    Scores are cosines times e = exp(logit_scale), which is 100 for every CLIP of OpenAI's; those of tightTransf are
    neither. A plain CLIP gives meanP, which has no parameters.

    Example:

        {name: clip4clip, checkpoint: openai/clip-vit-base-patch32, revision: 3d74acf9a28c67741b2f4f2ea7635f0aaf6f0268}
    """

    system: ClassVar[str] = "clip4clip"

    @property
    def keeps_scores(self) -> bool:
        """Those of tightTransf, which reads every pair."""
        return self.shape().temporal == "tightTransf"

    def make_head(self, shape: HeadShape) -> nn.Module:
        """The head without its values."""
        from sparsebench_plugins.models.video.heads.clip4clip import Clip4ClipHead, TightHead

        return TightHead(shape) if shape.temporal == "tightTransf" else Clip4ClipHead(shape)
