"""Text-video sets in their authors' files: ids, texts, splits, directions, and mistakes by their lines."""

from __future__ import annotations

import json
import pickle
from pathlib import Path
from typing import Any

import pytest

from sparsebench import CollectionError, CollectionSource
from sparsebench_plugins.collections.video import (
    ActivityNet,
    DiDeMo,
    Lsmdc,
    MsrVtt,
    MsrVtt1kA,
    Msvd,
    VideoTable,
)
from video_sets import write_activitynet, write_didemo, write_lsmdc, write_msrvtt, write_msvd, write_table

KINDS: dict[str, tuple[Any, Any]] = {
    "csv": (VideoTable, write_table),
    "msrvtt-1ka": (MsrVtt1kA, write_msrvtt),
    "msrvtt": (MsrVtt, write_msrvtt),
    "msvd": (Msvd, write_msvd),
    "lsmdc": (Lsmdc, write_lsmdc),
    "didemo": (DiDeMo, write_didemo),
    "activitynet": (ActivityNet, write_activitynet),
}


def source(kind: str, folder: Path, split: str = "test", **params: Any) -> CollectionSource:
    make, write = KINDS[kind]
    found: CollectionSource = make(folder=write(folder), **params).of_split(split)
    return found


def texts(found: CollectionSource, split: str = "test") -> dict[str, str]:
    return {query.query_id: query.text for query in found.topics(split).queries}


EXPECTED = {
    ("csv", "test"): {"a#0": "a dog runs", "a#1": "a dog, running", "b#0": "a cat"},
    ("csv", "train"): {"c#0": "a cow"},
    ("msrvtt-1ka", "test"): {"ret0": "a man talks", "ret1": "a car, driving"},
    ("msrvtt-1ka", "train"): {"video4#0": "two", "video3#0": "one", "video3#1": "three"},
    ("msrvtt", "test"): {"video1#0": "not for training", "video1#1": "five", "video2#0": "four"},
    ("msrvtt", "train"): {"video3#0": "one", "video3#1": "three"},
    ("msrvtt", "validate"): {"video4#0": "two"},
    ("msvd", "test"): {"v2#0": "a man v2", "v2#1": "someone walks", "v1#0": "a man v1", "v1#1": "someone walks"},
    ("msvd", "val"): {"v4#0": "a man v4", "v4#1": "someone walks"},
    ("lsmdc", "test"): {"f1_a": "SOMEONE runs.", "f1_b": "SOMEONE waits."},
    ("lsmdc", "train"): {"f2_a": "SOMEONE sits."},
    ("didemo", "test"): {"x_1.avi": "x 1 x 2", "y_2.mov": "y 1 y 2"},
    ("didemo", "train"): {"z_3.avi": "z 1 z 2"},
    ("activitynet", "test"): {"v_b": "v_b one. two.", "v_a": "v_a one. two."},
    ("activitynet", "train"): {"v_c": "v_c one. two."},
}


@pytest.mark.parametrize(("kind", "split"), EXPECTED)
def test_captions_are_joined_as_each_set_asks_in_the_order_of_its_files(kind: str, split: str, tmp_path: Path) -> None:
    found = texts(source(kind, tmp_path, split), split)
    assert list(found.items()) == list(EXPECTED[kind, split].items())


@pytest.mark.parametrize("kind", KINDS)
def test_text_to_video_ranks_each_video_once_and_its_text_is_its_id(kind: str, tmp_path: Path) -> None:
    found = source(kind, tmp_path)
    documents = [(document.doc_id, document.text) for document in found.documents()]
    captions = EXPECTED[kind, "test"]
    assert found.items == "document"
    assert all(name == text for name, text in documents)
    assert len(dict(documents)) == len(documents)
    qrels = found.topics("test").qrels
    assert qrels.keys() == captions.keys()
    assert {doc_id for grades in qrels.values() for doc_id in grades} == {name for name, _ in documents}


@pytest.mark.parametrize("kind", KINDS)
def test_video_to_text_is_the_same_pairs_the_other_way_round(kind: str, tmp_path: Path) -> None:
    one = source(kind, tmp_path)
    other = source(kind, tmp_path, direction="video_to_text")
    assert other.items == "query"
    assert {document.doc_id: document.text for document in other.documents()} == texts(one)
    pairs = {(caption, name) for caption, grades in one.topics("test").qrels.items() for name in grades}
    assert {(caption, name) for name, grades in other.topics("test").qrels.items() for caption in grades} == pairs
    assert other.groups() == dict(pairs)
    assert one.groups() is None


def test_each_split_has_videos_of_its_own(tmp_path: Path) -> None:
    test, train = source("msvd", tmp_path), source("msvd", tmp_path, "train")
    assert [document.doc_id for document in train.documents()] == ["v3"]
    assert test.of_split("train").shares_ids(test)
    assert test.of_split("test") is test
    assert test.name != train.name
    assert not source("csv", tmp_path / "other").shares_ids(test)


def test_a_bank_may_be_smaller_than_the_training_split(tmp_path: Path) -> None:
    folder = write_msrvtt(tmp_path)
    few = MsrVtt1kA(folder=folder, train_captions=1)
    assert texts(few.of_split("train"), "train") == {"video4#0": "two", "video3#0": "one"}
    assert len(texts(few.of_split("test"))) == 2
    one = MsrVtt1kA(folder=folder, train_videos=1).of_split("train")
    assert len(list(one.documents())) == 1
    assert {name.partition("#")[0] for name in texts(one, "train")} == {document.doc_id for document in one.documents()}


def test_an_unknown_split_is_named_with_those_there_are(tmp_path: Path) -> None:
    with pytest.raises(CollectionError, match=r"no split 'dev'; there is: test, train, val"):
        source("msvd", tmp_path, "dev")


def test_seconds_that_count_are_those_of_the_set(tmp_path: Path) -> None:
    assert source("didemo", tmp_path / "d").span("z_3.avi") == (0.0, 31.0)
    assert source("activitynet", tmp_path / "a").span("v_b") == (0.0, 13.0)
    assert source("msvd", tmp_path / "m").span("v1") is None


def test_the_pairs_of_blip_are_read_too(tmp_path: Path) -> None:
    write_msrvtt(tmp_path)
    lines = [json.dumps({"clip_name": f"video{n}", "caption": f"text {n}"}) for n in (7, 8)]
    (tmp_path / "msrvtt_test.jsonl").write_text("\n".join(lines) + "\n")
    found = MsrVtt1kA(folder=tmp_path, test_file="msrvtt_test.jsonl").of_split("test")
    assert texts(found) == {"video7#0": "text 7", "video8#0": "text 8"}


def test_columns_may_have_other_names_and_no_split(tmp_path: Path) -> None:
    (tmp_path / "c.csv").write_text("clip;x,text\n", encoding="utf-8")
    (tmp_path / "c.csv").write_text("clip,text\nv1,one\n", encoding="utf-8")
    found = VideoTable(folder=tmp_path, file="c.csv", video="clip", caption="text", split_column=None).of_split(None)
    assert texts(found) == {"v1#0": "one"}


def test_a_pickle_that_wants_a_class_is_refused_before_it_runs(tmp_path: Path) -> None:
    write_msvd(tmp_path)

    class Trap:
        def __reduce__(self) -> Any:
            return (Path.touch, (tmp_path / "ran",))

    (tmp_path / "raw-captions.pkl").write_bytes(pickle.dumps({"v1": Trap()}))
    with pytest.raises(CollectionError, match=r"raw-captions\.pkl: .*a file of captions needs no class"):
        texts(Msvd(folder=tmp_path).of_split("test"))
    assert not (tmp_path / "ran").exists()


@pytest.mark.parametrize(
    ("kind", "file", "content", "told"),
    [
        ("csv", "captions.csv", "video,text\na,b\n", r"captions\.csv:1: there is no column caption, split"),
        ("csv", "captions.csv", "video,caption,split\na,b,test\n,c,test\n", r"captions\.csv:3: no video is named"),
        ("csv", "captions.csv", "video,caption,split\na b,c,test\n", r"\.csv:2: the video 'a b' .*rename it and"),
        ("csv", "captions.csv", "video,caption,split\na, ,test\n", r"captions\.csv:2: video 'a' has an empty caption"),
        ("csv", "captions.csv", "video,caption,split\na,b,tset\n", r"captions\.csv:2: split 'tset'; there is: test"),
        ("csv", "captions.csv", "video,caption,split\na,b,c,test\n", r"captions\.csv:2: .*another number of columns"),
        ("csv", "captions.csv", "video,caption,split\na,b,train\n", r"video/csv/test/.*no caption is left"),
        ("lsmdc", "LSMDC16_challenge_1000_publictect.csv", "a\tb\n", r"publictect\.csv:1: 6 columns"),
        ("msrvtt-1ka", "MSRVTT_data.json", "{\n]", r"MSRVTT_data\.json:2:1: not JSON"),
        ("msrvtt-1ka", "MSRVTT_data.json", '{"sentences": [{"caption": 3}]}', r"sentence 0: 'video_id' should be str"),
        ("msrvtt-1ka", "MSRVTT_data.json", '{"sentences": []}', r"train\.9k\.csv:2: .* no sentence of video 'video4'"),
        ("msvd", "test_list.txt", "v1\nv9\n", r"test_list\.txt:2: raw-captions\.pkl has no caption of video 'v9'"),
        ("msvd", "raw-captions.pkl", "text", r"raw-captions\.pkl: cannot be read as a pickle"),
        ("didemo", "test_list.txt", "x_1.avi\nq.avi\n", r"test_list\.txt:2: test_data\.json has no description of"),
        (
            "activitynet",
            "val_ids.json",
            '["v_a", "v_q"]',
            r"val_ids\.json: entry 1: val_1\.json says nothing of .*'v_q'",
        ),
    ],
)
def test_what_is_wrong_with_a_file_is_told_with_its_place(
    kind: str, file: str, content: str, told: str, tmp_path: Path
) -> None:
    make, write = KINDS[kind]
    write(tmp_path)
    (tmp_path / file).write_text(content, encoding="utf-8")
    split = "train" if kind == "msrvtt-1ka" else "test"
    with pytest.raises(CollectionError, match=told):
        texts(make(folder=tmp_path).of_split(split), split)


def test_files_that_are_not_there_are_named(tmp_path: Path) -> None:
    (line,) = VideoTable(folder=tmp_path).of_split("test").missing()
    assert f"there is no file {tmp_path / 'captions.csv'}" in line
