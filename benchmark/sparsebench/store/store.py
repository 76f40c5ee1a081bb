"""Content-addressed artefacts on disk: atomic, checksummed, without pickle.

An artefact is a folder `<root>/<kind>/<key>/` of files and a `manifest.json`. It is written beside its place and
renamed into it, so that a kill leaves either all of it or nothing. It is verified whenever it is opened: one that a
flipped byte has damaged is set aside, named, and made again.
"""

from __future__ import annotations

import errno
import json
import os
import shutil
import tempfile
import warnings
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import IO

from sparsebench.errors import StoreError
from sparsebench.provenance.digests import sha256
from sparsebench.store import leftovers
from sparsebench.types import Json

MANIFEST = "manifest.json"
DAMAGED = "damaged"
NO_PLACE = (errno.ENOSPC, errno.EDQUOT, errno.EROFS, errno.EACCES, errno.EPERM, errno.ENOTDIR)


@dataclass(frozen=True)
class Artefact:
    """A verified artefact. facts: what its maker wrote down (costs, counts), never part of its key."""

    kind: str
    key: str
    folder: Path
    facts: Mapping[str, Json]
    size: int


def default_root() -> Path:
    """`$SPARSEBENCH_STORE`, else `sparsebench` in the user's cache folder."""
    if named := os.environ.get("SPARSEBENCH_STORE"):
        return Path(named)
    return Path(os.environ.get("XDG_CACHE_HOME", Path.home() / ".cache")) / "sparsebench"


class Store:
    """Artefacts under one root folder."""

    def __init__(self, root: Path) -> None:
        self.root = root

    def find(self, kind: str, key: str) -> Artefact | None:
        """The artefact when it is there and whole; a damaged one is set aside with a warning."""
        folder = self.root / kind / key
        if not folder.is_dir():
            return None
        try:
            return _verified(kind, key, folder)
        except (ValueError, LookupError, TypeError, AttributeError, RecursionError, OSError) as damage:
            self._set_aside(folder)
            warnings.warn(f"{folder} is damaged ({damage}); set aside and made again", stacklevel=2)
            return None

    def holds(self, kind: str, key: str) -> bool:
        """Return whether the artefact is there, unverified: for plans."""
        return (self.root / kind / key / MANIFEST).is_file()

    @contextmanager
    def writing(self, kind: str, key: str, facts: dict[str, Json]) -> Iterator[Path]:
        """A temporary folder that becomes the artefact when the block ends without an error.

        `facts` may be filled inside the block. Raises StoreError when the disk is full or read-only.
        """
        with disk_errors(self.root):
            (self.root / kind).mkdir(parents=True, exist_ok=True)
            temporary = Path(tempfile.mkdtemp(prefix=leftovers.name("writing"), dir=self.root / kind))
            try:
                yield temporary
                files = {str(path.relative_to(temporary)): {"sha256": sha256(path)} for path in _files(temporary)}
                write_atomically(temporary / MANIFEST, json.dumps({"key": key, "files": files, "facts": facts}))
                _publish(temporary, self.root / kind / key)
            finally:
                shutil.rmtree(temporary, ignore_errors=True)

    def artefacts(self) -> Iterator[Artefact]:
        """Yield all whole artefacts, by kind and key."""
        for manifest in sorted(self.root.glob(f"*/*/{MANIFEST}")):
            kind, key = manifest.parent.parent.name, manifest.parent.name
            # A name with a dot is a folder that some process is writing, or deleting.
            if kind != DAMAGED and not key.startswith(".") and (found := self.find(kind, key)):
                yield found

    def facts(self, kind: str) -> Iterator[Mapping[str, Json]]:
        """The facts of all artefacts of a kind, unverified: for estimates."""
        for manifest in sorted(self.root.glob(f"{kind}/*/{MANIFEST}")):
            with suppress(
                OSError, ValueError, LookupError, TypeError, RecursionError
            ):  # a damaged one tells nothing; `find` sets it aside
                yield json.loads(manifest.read_text())["facts"]

    def remove(self, artefact: Artefact) -> None:
        """Delete an artefact: renamed first, so that no reader finds half of it. One that is gone already is no error.

        Raises StoreError where the store is read-only.
        """
        with disk_errors(self.root):
            doomed = Path(tempfile.mkdtemp(prefix=leftovers.name("removing"), dir=artefact.folder.parent))
            with suppress(FileNotFoundError):
                artefact.folder.rename(doomed / artefact.key)
            shutil.rmtree(doomed, ignore_errors=True)

    def sweep(self) -> int:
        """Delete what kills left behind and what was set aside as damaged; return how many bytes that freed."""
        return leftovers.sweep(self.root, also=[self.root / DAMAGED])

    def sweep_dead(self) -> None:
        """Delete what kills left behind, and nothing that a living process writes: the next run cleans up."""
        leftovers.sweep(self.root)

    def _set_aside(self, folder: Path) -> None:
        place = self.root / DAMAGED
        # In a read-only store, or where another process was faster, it is made again all the same.
        with suppress(OSError):
            place.mkdir(exist_ok=True)
            folder.rename(Path(tempfile.mkdtemp(prefix=f"{folder.name}-", dir=place)) / folder.name)


def write_atomically(path: Path, text: str) -> None:
    """Write a text file so that a kill leaves the old one or the new one."""
    write_bytes_atomically(path, text.encode())


def write_bytes_atomically(path: Path, content: bytes) -> None:
    """Write bytes to a file, whole or not at all."""
    with replacing(path) as file:
        file.write(content)


@contextmanager
def replacing(path: Path) -> Iterator[IO[bytes]]:
    """A file to write to, which takes the place of `path` when the block ends without an error.

    Raises StoreError when the disk is full or read-only.
    """
    with disk_errors(path.parent):
        path.parent.mkdir(parents=True, exist_ok=True)
        handle, temporary = tempfile.mkstemp(prefix=leftovers.name("writing"), dir=path.parent)
        try:
            with os.fdopen(handle, "wb") as file:
                yield file
                file.flush()
                os.fsync(file.fileno())
            os.chmod(temporary, 0o644)
            os.replace(temporary, path)
        finally:
            Path(temporary).unlink(missing_ok=True)


@contextmanager
def disk_errors(folder: Path) -> Iterator[None]:
    """Turn a full or read-only disk into an error that says what to do."""
    try:
        yield
    except OSError as error:
        # A write cut short by a full disk reaches us from numpy without a number.
        if error.errno is not None and error.errno not in NO_PLACE:
            raise
        raise StoreError(
            f"cannot write below {folder}: {error.strerror or error}. Free some space or name another place "
            "(SPARSEBENCH_STORE, --runs); what is already computed is kept, and the same command goes on from there."
        ) from error


def _verified(kind: str, key: str, folder: Path) -> Artefact:
    manifest = json.loads((folder / MANIFEST).read_text())
    size = 0
    for name, expected in manifest["files"].items():
        if sha256(folder / name) != expected["sha256"]:
            raise ValueError(f"{name} has another checksum than its manifest")
        size += (folder / name).stat().st_size
    return Artefact(kind, key, folder, manifest["facts"], size)


def _files(folder: Path) -> list[Path]:
    """List the files of the folder and of all folders below."""
    return sorted(path for path in folder.rglob("*") if path.is_file())


def _publish(temporary: Path, place: Path) -> None:
    for path in _files(temporary):
        with path.open("rb") as file:
            os.fsync(file.fileno())
    try:
        temporary.rename(place)
    except OSError:
        if not (place / MANIFEST).is_file():  # else another process made the same artefact first: the same bytes
            raise
