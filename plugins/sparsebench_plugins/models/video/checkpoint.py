"""The files of a video system: CLIP's or BLIP's own in transformers' layout, and the head beside them. No torch."""

from __future__ import annotations

import json
import struct
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from sparsebench import Json, ModelError
from sparsebench.checkpoints import Files, Location
from sparsebench.provenance import file_digest
from sparsebench_plugins.models.video.heads.shape import HeadShape, Shape, read_shape

HEAD_FILE = "head.safetensors"
WEIGHTS = ("model.safetensors", "pytorch_model.bin")
TOKENIZER_FILES = (
    "tokenizer.json",
    "tokenizer_config.json",
    "special_tokens_map.json",
    "added_tokens.json",
    "vocab.json",
    "merges.txt",
    "vocab.txt",
)
_LONGEST_HEADER = 100 * 2**20


@dataclass(frozen=True)
class VideoCheckpoint:
    """A folder that is at hand and may be read: `config.json`, weights, tokenizer, and after a conversion a head.

    name: as the suite has it.
    """

    name: str
    folder: Path
    weights: Path

    @classmethod
    def open(cls, location: Location, *, allow_bin: bool) -> VideoCheckpoint:
        """Find a checkpoint and check that it is whole; raises ModelError."""
        folder = location.folder(Files(bin=allow_bin))
        safe, unsafe = (folder / name for name in WEIGHTS)
        if not (folder / "config.json").is_file():
            raise ModelError(
                f"{folder} has no config.json; the authors' own files have to be turned into a folder once, with "
                "`sparsebench convert`"
            )
        if not safe.is_file() and not unsafe.is_file():
            raise ModelError(f"{folder} has neither {' nor '.join(WEIGHTS)}")
        if not safe.is_file() and not allow_bin:
            raise ModelError(
                f"{folder} holds its weights only as {unsafe.name}, a pickle, which can run code; `allow_bin: true` "
                "reads it with weights_only, which refuses all but tensors"
            )
        return cls(location.checkpoint, folder, safe if safe.is_file() else unsafe)

    @cached_property
    def config(self) -> Mapping[str, Json]:
        """`config.json`."""
        found = json.loads((self.folder / "config.json").read_text(encoding="utf-8"))
        return found if isinstance(found, dict) else {}

    @property
    def head(self) -> Path | None:
        """The head's file, None for a plain CLIP or BLIP."""
        path = self.folder / HEAD_FILE
        return path if path.is_file() else None

    def head_shape(self, system: str) -> HeadShape:
        """Return the shape of the head. Raises ModelError where it is that of another system."""
        width = self.config.get("projection_dim")
        if not isinstance(width, int):
            raise ModelError(
                f"checkpoint {self.name!r}: config.json has no projection_dim; it is no CLIP of transformers"
            )
        if self.head is None:
            return read_shape({}, width)
        shapes, metadata = read_header(self.head)
        if (made := metadata.get("system", system)) != system:
            raise ModelError(f"checkpoint {self.name!r} was converted for {made}, and {system} was asked to load it")
        try:
            return read_shape(shapes, width)
        except ModelError as error:
            raise ModelError(f"{self.head}: {error}") from error

    def digests(self) -> Mapping[str, str]:
        """SHA-256 of every file that determines the features, by name."""
        tokenizer = (self.folder / name for name in TOKENIZER_FILES)
        files = [self.folder / "config.json", self.weights, *([self.head] if self.head else []), *tokenizer]
        return {path.name: file_digest(path) for path in files if path.is_file()}


def read_header(path: Path) -> tuple[Mapping[str, Shape], Mapping[str, str]]:
    """Shapes of the tensors of a .safetensors file, and its metadata; reads no weights. Raises ModelError."""
    try:
        with path.open("rb") as file:
            (size,) = struct.unpack("<Q", file.read(8))
            header = json.loads(file.read(min(size, _LONGEST_HEADER)))
        metadata = header.pop("__metadata__", {})
        return {name: tuple(entry["shape"]) for name, entry in header.items()}, metadata
    except (OSError, struct.error, ValueError, KeyError, TypeError, AttributeError) as error:
        raise ModelError(f"{path}: cannot be read as .safetensors: {error}") from error
