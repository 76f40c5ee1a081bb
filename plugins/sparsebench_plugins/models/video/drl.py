"""DRL (Wang et al. 2022, arXiv 2203.07111)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar, Literal

from sparsebench import Json, ModelError
from sparsebench_plugins.models.video.clip_system import ClipSystem
from sparsebench_plugins.models.video.heads.shape import HeadShape

if TYPE_CHECKING:
    from torch import nn

Interaction = Literal["dp", "ti", "wti"]


@dataclass(frozen=True, kw_only=True)
class Drl(ClipSystem):
    """CLIP with the disentangled interactions of words and frames.

    Scores are cosines: a hundredth of CLIP4Clip's, so that a temperature chosen for one is not one for the other.

    Example:

        {name: drl, interaction: ti, checkpoint: openai/clip-vit-base-patch32,
         revision: 3d74acf9a28c67741b2f4f2ea7635f0aaf6f0268}
    """

    interaction: Interaction | None = None
    """dp: last word and pooled frames. ti: each word's nearest frame and each frame's nearest word. wti: these,
    weighted, which a checkpoint has to bring. By default wti where it brings weights, else ti."""

    system: ClassVar[str] = "drl"
    whole_seconds: ClassVar[Literal["int", "round"]] = "round"

    @property
    def keeps_scores(self) -> bool:
        """Those of ti and wti, where every word meets every frame."""
        return self.interaction_of(self.shape()) != "dp"

    def settings(self) -> Mapping[str, Json]:
        """The interaction."""
        return {"interaction": self.interaction_of(self.shape())}

    def interaction_of(self, shape: HeadShape) -> Interaction:
        """Choose the interaction.

        Raises ModelError where the checkpoint brings weights that would not be used, or lacks those that are.
        """
        found: Interaction = self.interaction or ("wti" if shape.arch else "ti")
        if (found == "wti") != bool(shape.arch):
            has = (
                "has text_weight_fc and video_weight_fc" if shape.arch else "has no text_weight_fc and video_weight_fc"
            )
            raise ModelError(f"`interaction: {found}`: checkpoint {self.checkpoint!r} {has}, the weights of wti")
        if shape.temporal == "tightTransf":
            raise ModelError(
                f"checkpoint {self.checkpoint!r} is of DRL's xti, which is not supported; clip4clip has tightTransf"
            )
        return found

    def make_head(self, shape: HeadShape) -> nn.Module:
        """The head without its values."""
        from sparsebench_plugins.models.video.heads import drl

        heads = {"dp": drl.DotProductHead, "ti": drl.TokenHead, "wti": drl.WeightedTokenHead}
        return heads[self.interaction_of(shape)](shape)
