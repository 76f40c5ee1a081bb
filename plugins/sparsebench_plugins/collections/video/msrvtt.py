"""MSR-VTT (Xu et al. 2016): its own splits, and the 1,000 pairs of Yu et al. 2018 that text-video papers test on."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, ClassVar

from sparsebench import CollectionError
from sparsebench_plugins.collections.video.captions import Caption, field, numbered, read_csv, read_json
from sparsebench_plugins.collections.video.source import VideoCollection

DATA = "MSRVTT_data.json"


@dataclass(frozen=True, kw_only=True)
class MsrVtt1kA(VideoCollection):
    """MSR-VTT 1k-A: 1,000 pairs to test; all captions of 9,000 videos to train, which are the bank.

    Files: MSRVTT_JSFUSION_test.csv (key, vid_key, video_id, sentence), MSRVTT_train.9k.csv (video_id),
    MSRVTT_data.json. Five of the 1,000 texts are there twice.
    """

    test_file: str = "MSRVTT_JSFUSION_test.csv"
    """The tested pairs; `msrvtt_test.jsonl` (clip_name, caption) is BLIP's form of them."""
    train_file: str = "MSRVTT_train.9k.csv"
    """The videos of the training split."""

    set_name: ClassVar[str] = "video/msrvtt-1ka"
    split_names: ClassVar[tuple[str, ...]] = ("test", "train")

    def files_of(self, split: str) -> Sequence[str]:
        """The csv or jsonl of the pairs, or that of the videos with the captions."""
        return (self.test_file,) if split == "test" else (self.train_file, DATA)

    def captions(self, split: str) -> Sequence[Caption]:
        """One a video in the test split, all in the training split."""
        if split == "train":
            rows = read_csv(self.folder / self.train_file, ["video_id"])
            return _of_videos(self.folder / DATA, {row["video_id"]: where for row, where in rows})
        path = self.folder / self.test_file
        if path.suffix == ".jsonl":
            return _from_jsonl(path)
        rows = read_csv(path, ["key", "video_id", "sentence"])
        return [Caption(row["key"], row["video_id"], row["sentence"], where) for row, where in rows]


@dataclass(frozen=True, kw_only=True)
class MsrVtt(VideoCollection):
    """MSR-VTT in full: 10,000 videos in the splits of its authors: 6,513, 497 and 2,990, each with 20 captions.

    File: MSRVTT_data.json, whose `videos` say their split.
    """

    set_name: ClassVar[str] = "video/msrvtt"
    split_names: ClassVar[tuple[str, ...]] = ("test", "train", "validate")

    def files_of(self, split: str) -> Sequence[str]:
        """One for all."""
        return (DATA,)

    def captions(self, split: str) -> Sequence[Caption]:
        """Return all captions of the split's videos."""
        path = self.folder / DATA
        videos = field(read_json(path), "videos", list, str(path))
        named = [(field(video, "video_id", str, f"{path}: a video"), video) for video in videos]
        return _of_videos(path, {name: str(path) for name, video in named if video.get("split") == split})


def _of_videos(path: Path, videos: dict[str, str]) -> list[Caption]:
    """Return all captions of some videos, video after video. videos: id -> where it is named."""
    texts: dict[str, list[str]] = {name: [] for name in videos}
    for number, sentence in enumerate(field(read_json(path), "sentences", list, str(path))):
        where = f"{path}: sentence {number}"
        if (name := field(sentence, "video_id", str, where)) in texts:
            texts[name].append(field(sentence, "caption", str, where))
    silent = [name for name, found in texts.items() if not found]
    if silent:
        raise CollectionError(f"{videos[silent[0]]}: {path.name} has no sentence of video {silent[0]!r}")
    return numbered([(name, text, videos[name]) for name, found in texts.items() for text in found])


def _from_jsonl(path: Path) -> list[Caption]:
    """BLIP's file: a JSON list, or an object a line."""
    text = path.read_text(encoding="utf-8-sig")
    whole = text.lstrip().startswith("[")
    records: list[Any] = read_json(path) if whole else [_line(path, at, line) for at, line in _lines(text)]
    found = []
    for number, record in enumerate(records):
        where = f"{path}: entry {number}" if whole else f"{path}:{number + 1}"
        name = field(record, "clip_name", str, where)
        found.append((name, field(record, "caption", str, where), where))
    return numbered(found)


def _lines(text: str) -> list[tuple[int, str]]:
    return [(at, line) for at, line in enumerate(text.split("\n"), start=1) if line.strip()]


def _line(path: Path, number: int, line: str) -> Any:
    try:
        return json.loads(line)
    except json.JSONDecodeError as error:
        raise CollectionError(f"{path}:{number}:{error.colno}: not JSON: {error.msg}") from error
