"""Text-video sets of a few videos each, in the files and formats of their authors."""

from __future__ import annotations

import json
import pickle
from pathlib import Path


def write_sets(folder: Path) -> dict[str, Path]:
    """Write all; id of the collection -> its folder."""
    writers = {
        "video/csv": write_table,
        "video/msrvtt-1ka": write_msrvtt,
        "video/msrvtt": write_msrvtt,
        "video/msvd": write_msvd,
        "video/lsmdc": write_lsmdc,
        "video/didemo": write_didemo,
        "video/activitynet": write_activitynet,
    }
    return {name: write(folder / name.partition("/")[2]) for name, write in writers.items()}


def write_table(folder: Path) -> Path:
    lines = ["video,caption,split", "a,a dog runs,test", 'a,"a dog, running",test', "b,a cat,test", "c,a cow,train"]
    return _text(folder, "captions.csv", lines)


def write_msrvtt(folder: Path) -> Path:
    test = ["key,vid_key,video_id,sentence", "ret0,msr1,video1,a man talks", 'ret1,msr2,video2,"a car, driving"']
    _text(folder, "MSRVTT_JSFUSION_test.csv", test)
    _text(folder, "MSRVTT_train.9k.csv", ["video_id", "video4", "video3"])
    sentences = [("video3", "one"), ("video1", "not for training"), ("video4", "two"), ("video3", "three")]
    sentences += [("video2", "four"), ("video1", "five")]
    splits = {"video1": "test", "video2": "test", "video3": "train", "video4": "validate"}
    data = {
        "videos": [{"video_id": name, "split": split} for name, split in splits.items()],
        "sentences": [{"video_id": name, "caption": text} for name, text in sentences],
    }
    return _text(folder, "MSRVTT_data.json", [json.dumps(data)])


def write_msvd(folder: Path) -> Path:
    for split, videos in {"test": ["v2", "v1"], "train": ["v3"], "val": ["v4"]}.items():
        _text(folder, f"{split}_list.txt", videos)
    captions = {name: [["a", "man", name], ["someone", "walks"]] for name in ("v1", "v2", "v3", "v4")}
    (folder / "raw-captions.pkl").write_bytes(pickle.dumps(captions))
    return folder


def write_lsmdc(folder: Path) -> Path:
    row = "{}\t00.00.01\t00.00.02\t00.00.01\t00.00.03\tSOMEONE {}."
    _text(folder, "LSMDC16_challenge_1000_publictect.csv", [row.format("f1_a", "runs"), row.format("f1_b", "waits")])
    _text(folder, "LSMDC16_annos_training.csv", [row.format("f2_a", "sits")])
    return _text(folder, "LSMDC16_annos_val.csv", [row.format("f3_a", "stands")])


def write_didemo(folder: Path) -> Path:
    for split, videos in {"test": ["x_1.avi", "y_2.mov"], "train": ["z_3.avi"], "val": ["w_4.avi"]}.items():
        _text(folder, f"{split}_list.txt", videos)
        entries = [
            {"video": name, "description": f"{name[0]} {part}", "times": []} for part in (1, 2) for name in videos
        ]
        _text(folder, f"{split}_data.json", [json.dumps(entries)])
    return folder


def write_activitynet(folder: Path) -> Path:
    for (listed, file), videos in {
        ("val_ids.json", "val_1.json"): ["v_b", "v_a"],
        ("train_ids.json", "train.json"): ["v_c"],
    }.items():
        said = {name: {"duration": 12.3, "timestamps": [], "sentences": [f"{name} one.", " two."]} for name in videos}
        _text(folder, listed, [json.dumps(videos)])
        _text(folder, file, [json.dumps(said)])
    return folder


def _text(folder: Path, name: str, lines: list[str]) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    (folder / name).write_text("\n".join(lines) + "\n", encoding="utf-8")
    return folder
