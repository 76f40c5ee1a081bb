"""Shared base of CLIP4Clip, X-CLIP and DRL as models of a suite: CLIP, a head, how texts and frames come in."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Annotated, ClassVar, Literal

from annotated_types import Ge

from sparsebench import Json, ModelError, PairedEncoder, Rounding, Side
from sparsebench.checkpoints import Files, Location
from sparsebench_plugins.models.video.checkpoint import VideoCheckpoint
from sparsebench_plugins.models.video.heads.shape import HeadShape, TemporalKind
from sparsebench_plugins.models.video.sampling import one_a_second

if TYPE_CHECKING:
    from torch import nn

    from sparsebench_plugins.models.video.loaded_clip import LoadedClipSystem

Precision = Literal["float32", "bfloat16", "float16"]
Positive = Annotated[int, Ge(1)]
Length = Annotated[int, Ge(3)]

DEFAULT_WORDS = 32
DEFAULT_FRAMES = 12


@dataclass(frozen=True, kw_only=True)
class ClipSystem(PairedEncoder):
    """A head over CLIP. A plain CLIP of the hub has no head, and gives the system's parameter-free form."""

    checkpoint: str
    """A folder, a hub id or `package:NAME/FOLDER`: CLIP in transformers' layout, or what `convert` made."""
    revision: str | None = None
    """The commit of a hub id, 40 hex digits."""
    allow_bin: bool = False
    """Whether pytorch_model.bin may be read (with weights_only) where there is no model.safetensors."""
    head: TemporalKind | None = None
    """The temporal head; by default the one that the checkpoint has. Another one is an error, never a new one."""
    words: Length | None = None
    """W, tokens of a text with [SOT] and [EOT]; by default the checkpoint's where it has one, else 32."""
    frames: Positive | None = None
    """T, frames of a video at most; by default the checkpoint's where it has one, else 12."""
    dtype: Annotated[Precision, Rounding()] = "float32"
    """Of the towers; heads are computed in float32. The authors' figures are of float16."""
    batch: Annotated[Positive, Rounding(values=(4, 64))] = 32
    """How many texts or frames are encoded at once: memory, and the last digits."""

    system: ClassVar[str]
    whole_seconds: ClassVar[Literal["int", "round"]] = "int"

    @abstractmethod
    def make_head(self, shape: HeadShape) -> nn.Module:
        """The head with parameters of this shape, without their values. Imports torch."""

    def settings(self) -> Mapping[str, Json]:
        """Return what determines features or scores beside the shared parameters."""
        return {}

    def shape(self) -> HeadShape:
        """Return the shape of the checkpoint's head; raises ModelError where it is not the one that was asked for."""
        shape = self.open().head_shape(self.system)
        if self.head is not None and self.head != shape.temporal:
            raise ModelError(
                f"`head: {self.head}` was asked for, and checkpoint {self.checkpoint!r} has that of {shape.temporal}. "
                "A head that is not in the checkpoint would have to be made up; give the one it was trained with"
            )
        return shape

    def identity(self, side: Side) -> Mapping[str, Json]:
        """Digests of its files, lengths, the choice of frames."""
        shape = self.shape()
        return {
            "files": dict(self.open().digests()),
            "system": self.system,
            "head": shape.temporal,
            "words": self.words_of(shape),
            "frames": self.frames_of(shape),
            "seconds": self.whole_seconds,
            "dtype": self.dtype,
            **self.settings(),
        }

    def load(self, device: str) -> LoadedClipSystem:
        """Load towers and head; raises ModelError."""
        from sparsebench_plugins.models.video.loaded_clip import load_clip_system

        return load_clip_system(self, device)

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

    def words_of(self, shape: HeadShape) -> int:
        """W. Raises ModelError where the checkpoint was trained with another that it depends on."""
        return _agreed("words", self.words, shape.words, DEFAULT_WORDS)

    def frames_of(self, shape: HeadShape) -> int:
        """T. Raises ModelError where the checkpoint was trained with another that it depends on, or has no such
        positions."""
        frames = _agreed("frames", self.frames, shape.frames, DEFAULT_FRAMES)
        places = shape.positions - (shape.temporal == "tightTransf")  # the sentence takes one
        if shape.positions and frames > places:
            raise ModelError(f"`frames: {frames}`: the checkpoint has positions for {places}")
        return frames

    def chooser(self, frames: int) -> partial[list[int]]:
        """Make the function that chooses the frames of a timeline that the model looks at, `frames` at most."""
        return partial(one_a_second, limit=frames, whole=int if self.whole_seconds == "int" else round)

    @property
    def _location(self) -> Location:
        return Location(self.checkpoint, self.revision)


def _agreed(name: str, asked: int | None, trained: int, default: int) -> int:
    if asked is not None and trained and asked != trained:
        raise ModelError(
            f"`{name}: {asked}`: the checkpoint was trained with {trained}, and padding takes part in its scores; "
            "leave the parameter out"
        )
    return asked or trained or default
