"""Clips, frames, images and features by id: what is found, what is decoded, and what is refused by name."""

from __future__ import annotations

import sys
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from safetensors.numpy import save_file

from clips import moving_square, write_clip
from sparsebench import CollectionError, ModelError
from sparsebench.media import MediaItem, Timeline, chosen_frames, open_media

RED = (220, 30, 30)


def all_frames(timeline: Timeline) -> range:
    return range(timeline.frames)


def write_image(path: Path, colour: tuple[int, int, int]) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.fromarray(np.full((8, 8, 3), colour, dtype=np.uint8)).save(path)


def features(path: Path, **arrays: np.ndarray) -> Path:
    whole = {"frames": np.ones((2, 3, 4), np.float32), "mask": np.array([[1, 1, 0], [1, 0, 0]]), **arrays}
    np.savez(path, **{name: array for name, array in whole.items() if array.size}, allow_pickle=True)
    return path


def test_a_video_gives_the_frames_that_are_asked_for(tmp_path: Path) -> None:
    images = moving_square(RED, 11)
    write_clip(tmp_path / "a.mp4", images, fps=5)
    seen: list[Timeline] = []

    def choose(timeline: Timeline) -> list[int]:
        seen.append(timeline)
        return [0, 7, 10, 10]

    found = chosen_frames(open_media(tmp_path).item("a"), choose)
    assert seen == [Timeline(11, 5.0)]
    assert len(found) == 4
    for frame, number in zip(found, (0, 7, 10, 10), strict=True):
        assert frame.shape == (48, 64, 3)
        assert np.abs(frame.astype(int) - images[number]).mean() < 12  # what compression leaves
    assert np.abs(found[0].astype(int) - images[10]).mean() > 12


def test_a_folder_of_frames_is_taken_for_one_a_second_in_the_order_of_its_numbers(tmp_path: Path) -> None:
    for number, grey in ((2, 20), (10, 100), (1, 10)):
        write_image(tmp_path / "v" / f"frame{number}.png", (grey, grey, grey))
    item = open_media(tmp_path).item("v")
    assert item.form == "frames"
    found = chosen_frames(item, all_frames)
    assert [int(image[0, 0, 0]) for image in found] == [10, 20, 100]


def test_an_image_is_a_video_of_one_frame(tmp_path: Path) -> None:
    write_image(tmp_path / "p.png", RED)
    found = chosen_frames(open_media(tmp_path).item("p"), all_frames)
    assert len(found) == 1
    assert tuple(found[0][0, 0]) == RED


def test_clips_below_other_folders_and_ids_with_another_suffix_are_found(tmp_path: Path) -> None:
    (tmp_path / "film").mkdir()
    write_clip(tmp_path / "film" / "f_1.mp4", moving_square(RED, 2))
    media = open_media(tmp_path)
    assert media.item("f_1").path == media.item("f_1.avi").path
    assert media.absent(["f_1", "f_1.avi", "f_2"]) == ["f_2"]


def test_an_item_that_is_not_there_is_named(tmp_path: Path) -> None:
    write_image(tmp_path / "p.png", RED)
    with pytest.raises(CollectionError, match=r"has no clip, frames, image or features of 'q'"):
        open_media(tmp_path).item("q")


def test_two_files_of_one_id_are_refused(tmp_path: Path) -> None:
    write_image(tmp_path / "p.png", RED)
    write_image(tmp_path / "p.jpg", RED)
    with pytest.raises(CollectionError, match=r"two files have the id 'p': .*p\.jpg and .*p\.png"):
        open_media(tmp_path)


def test_a_folder_that_is_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(CollectionError, match="nowhere: there is no such folder"):
        open_media(tmp_path / "nowhere")


def test_a_video_that_does_not_decode_is_named(tmp_path: Path) -> None:
    (tmp_path / "a.mp4").write_bytes(b"no video at all")
    with pytest.raises(ModelError, match=r"a\.mp4 \(a\) does not decode"):
        chosen_frames(open_media(tmp_path).item("a"), all_frames)


def test_a_video_that_ends_early_is_named_with_its_frames(tmp_path: Path) -> None:
    """The index of the container promises all packets; those behind the cut hold no picture."""
    whole, cut = tmp_path / "whole.avi", tmp_path / "cut.avi"
    write_clip(whole, moving_square(RED, 60), fps=5)
    bytes_ = bytearray(whole.read_bytes())
    start, end = bytes_.index(b"movi") + 4, bytes_.index(b"idx1")
    middle = start + (end - start) // 3
    bytes_[middle:end] = bytes(end - middle)
    cut.write_bytes(bytes(bytes_))
    with pytest.raises(ModelError, match=r"\(cut\) holds \d+ of the 60 frames that it says it has; .* cut short"):
        chosen_frames(MediaItem("cut", "video", cut), all_frames)


def test_pictures_that_do_not_decode_behind_a_whole_index_are_missed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A decoder that gives up early: of 60 frames 59 will do, as in the authors' code, and 40 will not."""
    from sparsebench.media import frames, video

    write_clip(tmp_path / "a.mp4", moving_square(RED, 60), fps=5)
    item = open_media(tmp_path).item("a")
    for there, ends in ((59, False), (40, True)):

        def decoded(item: MediaItem, wanted: set[int], there: int = there) -> tuple[dict[int, np.ndarray], int]:
            images, count = video.decoded_frames(item, wanted)
            return {number: image for number, image in images.items() if number < there}, min(count, there)

        monkeypatch.setattr(frames, "decoded_frames", decoded)
        if ends:
            with pytest.raises(ModelError, match="decodes to 40 of its 60 frames"):
                chosen_frames(item, lambda timeline: [0, timeline.frames - 1])
        else:
            assert len(chosen_frames(item, lambda timeline: [0, timeline.frames - 1])) == 2


def test_a_frame_that_is_not_there_cannot_be_chosen(tmp_path: Path) -> None:
    write_image(tmp_path / "p.png", RED)
    with pytest.raises(ModelError, match="frame 1 was asked for, of 1"):
        chosen_frames(open_media(tmp_path).item("p"), lambda timeline: [0, 1])


def test_a_file_with_sound_alone_is_named(tmp_path: Path) -> None:
    import av

    with av.open(str(tmp_path / "a.mkv"), "w") as container:
        stream = container.add_stream("pcm_s16le", rate=8000, layout="mono")
        frame = av.AudioFrame.from_ndarray(np.zeros((1, 800), dtype=np.int16), layout="mono")
        frame.rate = 8000
        container.mux(stream.encode(frame))
        container.mux(stream.encode())
    with pytest.raises(ModelError, match=r"a\.mkv \(a\) has no video stream"):
        chosen_frames(open_media(tmp_path).item("a"), all_frames)


def test_no_frame_after_sampling_is_an_error_and_no_score(tmp_path: Path) -> None:
    write_clip(tmp_path / "a.mp4", moving_square(RED, 5))
    with pytest.raises(ModelError, match=r"a\.mp4 \(a\): no frame is left of 5 after sampling"):
        chosen_frames(open_media(tmp_path).item("a"), lambda timeline: [])


def test_a_folder_without_an_image_has_no_frame(tmp_path: Path) -> None:
    with pytest.raises(ModelError, match=r"\(v\) has no frame"):
        chosen_frames(MediaItem("v", "frames", tmp_path), all_frames)


def test_an_image_that_is_none_is_named(tmp_path: Path) -> None:
    (tmp_path / "p.png").write_bytes(b"no image")
    with pytest.raises(ModelError, match=r"p\.png \(p\) cannot be read as an image"):
        chosen_frames(open_media(tmp_path).item("p"), all_frames)


def test_without_pyav_the_extra_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write_clip(tmp_path / "a.mp4", moving_square(RED, 2))
    monkeypatch.setitem(sys.modules, "av", None)
    with pytest.raises(ModelError, match=r"pip install 'sparsebench\[video\]', or give a folder of frames"):
        chosen_frames(open_media(tmp_path).item("a"), all_frames)


def test_content_is_what_the_file_holds_and_not_its_name(tmp_path: Path) -> None:
    write_image(tmp_path / "p.png", RED)
    write_image(tmp_path / "q.png", RED)
    write_image(tmp_path / "r.png", (0, 0, 0))
    media = open_media(tmp_path)
    assert media.item("p").content == media.item("q").content
    assert media.item("p").content != media.item("r").content


def test_the_seconds_that_count_are_a_part_of_the_content(tmp_path: Path) -> None:
    write_image(tmp_path / "p.png", RED)
    assert open_media(tmp_path).item("p").content != open_media(tmp_path, lambda name: (0.0, 3.0)).item("p").content


@pytest.mark.parametrize("suffix", [".npz", ".safetensors"])
def test_features_are_read_by_id_with_their_masks(suffix: str, tmp_path: Path) -> None:
    frames = np.arange(24, dtype=np.float32).reshape(2, 3, 4)
    mask = np.array([[1, 1, 0], [0, 1, 0]], dtype=np.uint8)
    path = tmp_path / f"f{suffix}"
    if suffix == ".npz":
        np.savez(path, frames=frames, mask=mask, ids=np.array(["a", "b"]))
    else:
        save_file({"frames": frames, "mask": mask}, path)
        (tmp_path / "f.txt").write_text("a\nb\n")
    found = open_media(path).item("b").features()
    np.testing.assert_array_equal(found.frames, frames[1])
    assert found.mask.tolist() == [False, True, False]


IDS = np.array(["a", "b"])


@pytest.mark.parametrize(
    ("arrays", "told"),
    [
        ({"mask": np.array([]), "ids": IDS}, "there is no `mask`"),
        ({"frames": np.ones((2, 4)), "ids": IDS}, r"`frames` has the shape \(2, 4\)"),
        ({"mask": np.ones((2, 2)), "ids": IDS}, r"`mask` has the shape \(2, 2\) and `frames` \(2, 3, 4\)"),
        ({"mask": np.full((2, 3), 0.5), "ids": IDS}, "other numbers than 0 and 1"),
        ({}, r"nothing names its rows; put f\.txt beside it"),
        ({"ids": np.array(["a"])}, "1 ids for 2 rows"),
        ({"ids": np.array(["a", "a"])}, "the id 'a' names two rows"),
    ],
)
def test_features_that_are_not_whole_are_refused(arrays: dict[str, np.ndarray], told: str, tmp_path: Path) -> None:
    with pytest.raises(CollectionError, match=told):
        open_media(features(tmp_path / "f.npz", **arrays))


def test_pickled_features_are_refused_without_advice_to_read_them(tmp_path: Path) -> None:
    np.savez(tmp_path / "f.npz", frames=np.array([{}], dtype=object), mask=np.ones((1, 1)), ids=np.array(["a"]))
    with pytest.raises(CollectionError, match=r"pickled objects, which can run code$"):
        open_media(tmp_path / "f.npz")


@pytest.mark.parametrize(("name", "told"), [("mask", "its mask is 0 everywhere"), ("frames", "is not finite")])
def test_a_row_that_cannot_be_scored_is_named(name: str, told: str, tmp_path: Path) -> None:
    broken = {"mask": np.array([[1, 1, 1], [0, 0, 0]]), "frames": np.full((2, 3, 4), np.nan)}[name]
    item = open_media(features(tmp_path / "f.npz", **{name: broken, "ids": IDS})).item("b")
    with pytest.raises(ModelError, match=rf"row 1 \(b\).*{told}"):
        item.features()


def test_numbers_behind_the_mask_do_not_count(tmp_path: Path) -> None:
    frames = np.ones((2, 3, 4), np.float32)
    first = open_media(features(tmp_path / "f.npz", frames=frames, ids=IDS)).item("a").content
    frames = frames.copy()
    frames[0, 2] = np.nan
    assert open_media(features(tmp_path / "g.npz", frames=frames, ids=IDS)).item("a").content == first
