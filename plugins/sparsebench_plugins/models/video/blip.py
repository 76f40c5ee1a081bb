"""BLIP (Li et al. 2022, arXiv 2201.12086) on videos: contrastive scores, then matching of the best of each query."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated

from annotated_types import Ge

from sparsebench import Json, ModelError, PairedEncoder, Rounding, Side
from sparsebench.checkpoints import Files, Location
from sparsebench_plugins.models.video.checkpoint import VideoCheckpoint
from sparsebench_plugins.models.video.clip_system import Precision

if TYPE_CHECKING:
    from sparsebench_plugins.models.video.loaded_blip import LoadedBlip

Positive = Annotated[int, Ge(1)]
Length = Annotated[int, Ge(3)]


@dataclass(frozen=True, kw_only=True)
class Blip(PairedEncoder):
    """BLIP's retrieval checkpoints, zero-shot on videos: ITC of all pairs, then ITM + ITC of the best of each query.

    For text to video the `rescored` best videos of each text are matched, for video to text the best texts of each
    video: two matrices, neither the other's transpose. All other pairs are unseen.

    Example:

        {name: blip, checkpoint: Salesforce/blip-itm-base-coco, revision: <40 hex digits of a commit>}
    """

    checkpoint: str
    """A folder, a hub id or `package:NAME/FOLDER`: BLIP in transformers' layout, or what `convert` made."""
    revision: str | None = None
    """The commit of a hub id, 40 hex digits."""
    allow_bin: bool = False
    """Whether pytorch_model.bin may be read (with weights_only) where there is no model.safetensors."""
    matched: Annotated[int, Ge(0)] = 128
    """k, how many of each query's candidates are matched: 128 on videos, 256 on COCO; 0 leaves ITC alone."""
    words: Length = 35
    """Tokens of a text with [CLS] and [SEP]."""
    frames: Positive = 8
    """Frames of a video."""
    dtype: Annotated[Precision, Rounding()] = "float32"
    """Of all networks; scores are float32."""
    batch: Annotated[Positive, Rounding(values=(4, 64))] = 16
    """How many texts, frames or pairs are at work at once: memory, and the last digits."""

    @property
    def rescored(self) -> int | None:
        """Number of candidates of each query that are matched; None where it is ITC alone."""
        return self.matched or None

    @property
    def keeps_scores(self) -> bool:
        """Those of matching, which reads every pair."""
        return self.rescored is not None

    def identity(self, side: Side) -> Mapping[str, Json]:
        """Digests of its files, lengths, the number of frames and of pairs that are matched."""
        checkpoint = self.open()
        if checkpoint.head is not None:
            raise ModelError(
                f"checkpoint {self.checkpoint!r} has {checkpoint.head.name}, the head of a system over CLIP"
            )
        return {
            "files": dict(checkpoint.digests()),
            "words": self.words,
            "frames": self.frames,
            "dtype": self.dtype,
        }

    def scoring(self) -> Mapping[str, Json]:
        """Return how many of each query's candidates are matched."""
        return {"matched": self.matched}

    def load(self, device: str) -> LoadedBlip:
        """Load both towers and the matching head; raises ModelError."""
        from sparsebench_plugins.models.video.loaded_blip import load_blip

        return load_blip(self, device)

    def open(self) -> VideoCheckpoint:
        """The files; raises ModelError where they are not at hand or may not be read."""
        return VideoCheckpoint.open(self._location, allow_bin=self.allow_bin)

    def missing(self) -> Sequence[str]:
        """Return why the checkpoint is not at hand, where it is not."""
        reason = self._location.missing(Files(bin=self.allow_bin))
        return [] if reason is None else [reason]

    def fetch(self) -> None:
        """Download it where it is on the hub."""
        self._location.fetch(Files(bin=self.allow_bin))

    @property
    def _location(self) -> Location:
        return Location(self.checkpoint, self.revision)
