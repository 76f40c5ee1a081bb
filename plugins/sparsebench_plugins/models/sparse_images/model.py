"""A multimodal sparse encoder as suites name it: loaded by sentence-transformers, which runs no code of its folder."""

from __future__ import annotations

import importlib.util
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, ClassVar

from annotated_types import Ge

from sparsebench import Json, ModelError, Role, Rounding, SparseEncoder
from sparsebench.checkpoints import Files, Location
from sparsebench.provenance import file_digest

if TYPE_CHECKING:
    from sparsebench_plugins.models.sparse_images.loaded import LoadedSparseImages

Positive = Annotated[int, Ge(1)]
LIBRARY = "sentence_transformers"
_EXTRA = "sentence-transformers, which loads it, is not installed: pip install 'sparsebench[multimodal]'"


@dataclass(frozen=True, kw_only=True)
class SparseImages(SparseEncoder):
    """A SparseEncoder of sentence-transformers with a Router: one route reads queries, the other looks at images.

    A video is looked at frame by frame, and its vector is the largest weight of each dimension over its frames. Other
    routes, and code that a folder brings, are not supported.

    Example:

        {name: sparse_images, checkpoint: models/sparse-clip, frames: 4}
    """

    checkpoint: str
    """A folder of sentence-transformers with a Router, or a hub id."""
    revision: str | None = None
    """The commit of a hub id, 40 hex digits."""
    frames: Positive = 1
    """How many frames of a video are looked at, at even distances."""
    batch: Annotated[Positive, Rounding(values=(4, 64))] = 32
    """How many texts or images are encoded at once."""

    reads_media: ClassVar[bool] = True

    def missing(self) -> Sequence[str]:
        """Return why the checkpoint is not at hand, or the library."""
        reason = self._location.missing(Files())
        library = [] if importlib.util.find_spec(LIBRARY) else [f"{self.checkpoint}: {_EXTRA}"]
        return [*library, *([] if reason is None else [reason])]

    def fetch(self) -> None:
        """Download it where it is on the hub."""
        self._location.fetch(Files())

    def identity(self, role: Role) -> Mapping[str, Json]:
        """Digests of its files by their paths in the folder, the version of the library, how frames are taken."""
        import importlib.metadata

        folder = self.folder()
        return {
            "files": {str(path.relative_to(folder)): file_digest(path) for path in _files(folder)},
            "library": importlib.metadata.version("sentence-transformers"),
            "frames": self.frames,
        }

    def load(self, device: str) -> LoadedSparseImages:
        """Load it; raises ModelError."""
        from sparsebench_plugins.models.sparse_images.loaded import load_sparse_images

        return load_sparse_images(self.folder(), device, frames=self.frames, batch=self.batch)

    def folder(self) -> Path:
        """Return the checkpoint's folder.

        Raises ModelError where it is not at hand, holds a pickle, or has no route for images.
        """
        if importlib.util.find_spec(LIBRARY) is None:
            raise ModelError(_EXTRA)
        folder = self._location.folder(Files())
        if not (folder / "router_config.json").is_file():
            raise ModelError(f"{folder} has no router_config.json; a sparse model of texts alone is loaded by `splade`")
        unsafe = [path.name for path in _files(folder) if path.suffix in (".bin", ".pt", ".pkl", ".py")]
        if unsafe:
            raise ModelError(f"{folder} holds {', '.join(unsafe)}, which can run code; only safetensors are read")
        return folder

    @property
    def _location(self) -> Location:
        return Location(self.checkpoint, self.revision)


def _files(folder: Path) -> list[Path]:
    return sorted(path for path in folder.rglob("*") if path.is_file() and path.name != "README.md")
