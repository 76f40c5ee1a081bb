"""The folder or file where the items of a collection lie, found by id."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from pathlib import Path

from sparsebench.errors import CollectionError, ModelError
from sparsebench.media.features import SUFFIXES, FeatureFile
from sparsebench.media.item import IMAGES, Form, MediaItem

VIDEOS = (".mp4", ".avi", ".mkv", ".webm", ".mov", ".m4v", ".mpg", ".mpeg", ".flv", ".3gp", ".wmv")

Span = tuple[float, float]


@dataclass(frozen=True)
class Media:
    """Items by id.

    path: a folder of videos or images (`<id>.mp4`), a folder of folders of frames (`<id>/0001.jpg`), or one file of
    features (`frames` (D, T, d) with `mask` (D, T)).
    spans: item -> the seconds of it that count, for collections that read a part of their videos.

    Example: `Media(Path("clips")).item("video7010")`.
    """

    path: Path
    spans: Callable[[str], Span | None] = lambda item_id: None

    def item(self, item_id: str) -> MediaItem:
        """One item. Raises CollectionError with its name where it is not there."""
        known = _index(self.path)
        found = known.get(item_id) or known.get(_without_suffix(item_id))
        if found is None:
            raise CollectionError(f"{self.path} has no clip, frames, image or features of {item_id!r}")
        return replace(found, item_id=item_id, span=self.spans(item_id))

    def absent(self, item_ids: Sequence[str]) -> list[str]:
        """List those of `item_ids` that are not there, in their order."""
        known = _index(self.path)
        return [name for name in item_ids if name not in known and _without_suffix(name) not in known]


def open_media(path: Path, spans: Callable[[str], Span | None] = lambda item_id: None) -> Media:
    """Look at a folder or file. Raises CollectionError where there is none, or where two files have one name."""
    _index(path)
    return Media(path, spans)


def _without_suffix(item_id: str) -> str:
    """The id `take.avi` also names take.mp4: sets are kept re-encoded."""
    return item_id.rsplit(".", 1)[0] if Path(item_id).suffix.lower() in VIDEOS else item_id


@lru_cache(maxsize=8)
def _index(path: Path) -> Mapping[str, MediaItem]:
    """Id -> item. Read once a process: what is added to a folder while it runs is of the next one."""
    if path.is_file():
        return _rows(path)
    if not path.is_dir():
        raise CollectionError(
            f"{path}: there is no such folder of clips, frames or images, nor such a file of features"
        )
    found: dict[str, MediaItem] = {}
    for item in _files(path):
        if (first := found.setdefault(item.item_id, item)) is not item:
            raise CollectionError(f"two files have the id {item.item_id!r}: {first.path} and {item.path}")
    return found


def _rows(path: Path) -> Mapping[str, MediaItem]:
    if path.suffix not in SUFFIXES:
        raise CollectionError(f"{path}: features of frames are read from {' or '.join(SUFFIXES)}")
    try:
        ids = FeatureFile.open(path).ids
    except ModelError as error:
        raise CollectionError(str(error)) from error
    return {name: MediaItem(name, "features", path, row) for row, name in enumerate(ids)}


def _files(path: Path) -> list[MediaItem]:
    """List the videos and images of a folder and those below it; where there are only folders of images, these."""
    files = [file for file in sorted(path.rglob("*")) if file.is_file() and not file.name.startswith(".")]
    forms = {**dict.fromkeys(VIDEOS, "video"), **dict.fromkeys(IMAGES, "image")}
    single: list[MediaItem] = []
    folders: dict[Path, MediaItem] = {}
    for file in files:
        form: Form | None = forms.get(file.suffix.lower())  # type: ignore[assignment]
        if form == "image" and file.parent != path:
            folders.setdefault(file.parent, MediaItem(file.parent.name, "frames", file.parent))
        elif form is not None:
            single.append(MediaItem(file.name[: -len(file.suffix)], form, file))
    return [*single, *folders.values()]
