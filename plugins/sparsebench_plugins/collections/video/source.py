"""A text-video set in one direction and one split, as a source of documents and queries."""

from __future__ import annotations

from abc import abstractmethod
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from hashlib import sha256
from pathlib import Path
from typing import Annotated, ClassVar, Literal

from annotated_types import Ge

from sparsebench import CollectionError, CollectionSource, Document, Query, Role, Topics
from sparsebench_plugins.collections.video.captions import Caption

Positive = Annotated[int, Ge(1)]
Direction = Literal["text_to_video", "video_to_text"]


@dataclass(frozen=True, kw_only=True)
class VideoCollection(CollectionSource):
    """A text-video set. Each split has videos of its own, so each is searched by itself.

    Text to video: captions are queries, videos are documents. Video to text: videos are queries, captions are
    documents. Derive from it to read another set: say which files there are and which captions a split has.

    Example:

        {id: video/msvd, folder: msvd, direction: video_to_text, media: msvd/videos, split: test, domain: in}
    """

    folder: Path
    """Where the files of the set lie, as its authors give them out."""
    direction: Direction = "text_to_video"
    """What asks and what is ranked."""
    train_captions: Positive | None = None
    """How many captions of each video the other splits have, the first ones: a bank of all may be more than memory
    holds. By default all."""
    train_videos: Positive | None = None
    """How many videos the other splits have, a sample by the hash of their ids; by default all."""

    set_name: ClassVar[str]
    split_names: ClassVar[tuple[str, ...]]

    @abstractmethod
    def files_of(self, split: str) -> Sequence[str]:
        """Names of the files that a split is read from, in the folder."""

    @abstractmethod
    def captions(self, split: str) -> Sequence[Caption]:
        """Captions of a split, in the order of its files. Raises CollectionError with `file:line`."""

    def seconds(self, split: str) -> Mapping[str, tuple[float, float]]:
        """Video -> first and last second that count; those that are not there count whole."""
        return {}

    @property
    def name(self) -> str:  # type: ignore[override]
        """Name of the set and the direction."""
        return f"{self.set_name}/{self.direction}"

    @property
    def items(self) -> Role | None:  # type: ignore[override]
        """Videos: what is ranked, or what asks."""
        return "document" if self.direction == "text_to_video" else "query"

    def of_split(self, split: str | None) -> VideoSplit:
        """One split, `test` where none is named. Raises CollectionError for a name that is not there."""
        name = split or "test"
        if name not in self.split_names:
            raise CollectionError(
                f"{self.set_name}: there is no split {name!r}; there is: {', '.join(self.split_names)}"
            )
        return VideoSplit(self, name)

    def splits(self) -> Sequence[str]:
        """List the splits that have their files here."""
        return [name for name in self.split_names if not self.of_split(name).missing()]

    def documents(self) -> Iterator[Document]:
        """Return those of the test split."""
        return self.of_split(None).documents()

    def topics(self, split: str | None) -> Topics:
        """Queries and judgments of a split."""
        return self.of_split(split).topics(split)

    def files(self) -> Iterable[Path]:
        """Return those of the test split."""
        return self.of_split(None).files()


def fewer(captions: tuple[Caption, ...], *, videos: int | None, captions_each: int | None) -> tuple[Caption, ...]:
    """Captions of at most so many videos, those with the smallest hashes, and at most so many of each."""
    names = sorted({caption.video_id for caption in captions}, key=lambda name: sha256(name.encode()).hexdigest())
    kept, counts = set(names[:videos]), Counter[str]()
    found = []
    for caption in captions:
        counts[caption.video_id] += 1
        if caption.video_id in kept and (captions_each is None or counts[caption.video_id] <= captions_each):
            found.append(caption)
    return tuple(found)


@dataclass(frozen=True)
class VideoSplit(CollectionSource):
    """One split of a set: the captions that it has and the videos that these name."""

    collection: VideoCollection
    split: str

    @property
    def name(self) -> str:  # type: ignore[override]
        """Name of the set, the split and the direction."""
        return f"{self.collection.set_name}/{self.split}/{self.collection.direction}"

    @property
    def items(self) -> Role | None:  # type: ignore[override]
        """Videos."""
        return self.collection.items

    @cached_property
    def captions(self) -> tuple[Caption, ...]:
        """Captions in the order of the files. Raises CollectionError for a split without any."""
        found = tuple(self.collection.captions(self.split))
        if self.split != "test":
            found = fewer(found, videos=self.collection.train_videos, captions_each=self.collection.train_captions)
        if not found:
            raise CollectionError(f"{self.name}: no caption is left; its files are {', '.join(map(str, self.files()))}")
        return found

    @cached_property
    def videos(self) -> Mapping[str, Caption]:
        """Video -> its first caption, in the order of the files."""
        found: dict[str, Caption] = {}
        for caption in self.captions:
            found.setdefault(caption.video_id, caption)
        return found

    def documents(self) -> Iterator[Document]:
        """Videos, whose text is their id, or captions."""
        if self.items == "document":
            return (Document(name, name) for name in self.videos)
        return (Document(caption.caption_id, caption.text) for caption in self.captions)

    def topics(self, split: str | None) -> Topics:
        """Queries with their answers: a caption's video, or a video's captions."""
        if (split or "test") != self.split:
            return self.collection.of_split(split).topics(split)
        qrels: dict[str, dict[str, int]] = {}
        for caption in self.captions:
            asks, answers = caption.caption_id, caption.video_id
            if self.items == "query":
                asks, answers = answers, asks
            qrels.setdefault(asks, {})[answers] = 1
        if self.items == "query":
            return Topics(tuple(Query(name, name) for name in self.videos), qrels)
        return Topics(tuple(Query(caption.caption_id, caption.text) for caption in self.captions), qrels)

    def groups(self) -> Mapping[str, str] | None:
        """Caption -> its video, where captions are ranked: a video's captions are one answer."""
        if self.items == "document":
            return None
        return {caption.caption_id: caption.video_id for caption in self.captions}

    def of_split(self, split: str | None) -> CollectionSource:
        """Another split of the same set; itself where it is that one."""
        return self if (split or "test") == self.split else self.collection.of_split(split)

    def shares_ids(self, other: CollectionSource) -> bool:
        """Return whether the other is of the same set and direction."""
        return isinstance(other, VideoSplit) and other.collection == self.collection

    def files(self) -> Iterable[Path]:
        """The files of the split."""
        return [self.collection.folder / name for name in self.collection.files_of(self.split)]

    def missing(self) -> Sequence[str]:
        """Files that are not there."""
        absent = [path for path in self.files() if not path.is_file()]
        return [f"{self.name}: there is no file {path}; see docs/video.md for what the folder holds" for path in absent]

    def where(self, position: int) -> str:
        """Return the file and line that name a document."""
        named = list(self.videos.values()) if self.items == "document" else self.captions
        return named[position].where if position < len(named) else self.name

    def where_item(self, item_id: str) -> str:
        """Return the file and line that name a video first."""
        caption = self.videos.get(item_id)
        return caption.where if caption else f"{self.collection.set_name}"

    def span(self, item_id: str) -> tuple[float, float] | None:
        """Seconds of a video that count, of whichever split it is."""
        return self._seconds.get(item_id)

    @cached_property
    def _seconds(self) -> Mapping[str, tuple[float, float]]:
        found: dict[str, tuple[float, float]] = {}
        for split in self.collection.split_names:
            source = self.collection.of_split(split)
            if not source.missing():
                found |= self.collection.seconds(split)
        return found
