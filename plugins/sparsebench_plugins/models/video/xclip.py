"""X-CLIP (Ma et al. 2022, arXiv 2207.07285). Not transformers' XCLIPModel, which is another paper's."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, ClassVar

from sparsebench_plugins.models.video.clip_system import ClipSystem
from sparsebench_plugins.models.video.heads.shape import HeadShape

if TYPE_CHECKING:
    from torch import nn


@dataclass(frozen=True, kw_only=True)
class XClip(ClipSystem):
    """CLIP compared at four granularities: video and sentence, video and words, frames and sentence, frames and words.

    Scores are means of similarities times e. Words and frames that are not there take part, so a trained checkpoint
    says how many there are. A plain CLIP gives the form without parameters: meanP, all matrices identities.

    Example:

        {name: xclip, checkpoint: openai/clip-vit-base-patch32, revision: 3d74acf9a28c67741b2f4f2ea7635f0aaf6f0268}
    """

    system: ClassVar[str] = "xclip"

    @property
    def keeps_scores(self) -> bool:
        """All: every word meets every frame."""
        return True

    def make_head(self, shape: HeadShape) -> nn.Module:
        """The head without its values; identities where the checkpoint has none."""
        from sparsebench_plugins.models.video.heads.xclip import XClipHead

        return XClipHead(replace(shape, words=self.words_of(shape), frames=self.frames_of(shape)))
