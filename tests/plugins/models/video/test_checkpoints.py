"""Checkpoints of video systems: loaded whole or not at all, with the head they have; features stand for frames."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from safetensors.torch import load_file, save_file

from authors_names import head_state, openai_state
from clips import WIDTH, write_clip_tokenizer, write_clips
from sparsebench import Conversion, ModelError
from sparsebench.media import MediaItem, chosen_frames, open_media
from sparsebench_plugins.models.video import Blip, Clip4Clip, Drl, XClip, converters
from sparsebench_plugins.models.video.loaded_clip import LoadedClipSystem
from sparsebench_plugins.models.video.pixels import clip_pixels


@pytest.fixture(scope="module")
def trained(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """Converted checkpoints of each kind."""
    folder = tmp_path_factory.mktemp("trained")
    write_clip_tokenizer(folder / "tokenizer")
    converted = {"seqTransf": converters.clip4clip, "xclip": converters.xclip, "wti2": converters.drl}
    for kind, convert in converted.items():
        source = folder / f"{kind}.bin"
        torch.save({**openai_state(), **head_state(kind)}, source)
        convert(Conversion(source, folder / kind, folder / "tokenizer"))
    return {kind: str(folder / kind) for kind in converted}


@pytest.fixture(scope="module")
def clip(tmp_path_factory: pytest.TempPathFactory) -> MediaItem:
    return open_media(write_clips(tmp_path_factory.mktemp("clips"))).item("pink")


def told(model: Any) -> str:
    with pytest.raises(ModelError) as caught:
        model.load("cpu")
    return str(caught.value)


def test_a_head_that_the_checkpoint_lacks_is_never_made_up(clip_dir: Path) -> None:
    message = told(Clip4Clip(checkpoint=str(clip_dir), head="seqTransf"))
    assert "`head: seqTransf` was asked for, and checkpoint" in message
    assert "has that of meanP" in message


def test_weights_of_words_that_the_checkpoint_lacks_are_never_made_up(clip_dir: Path, trained: dict[str, str]) -> None:
    assert "has no text_weight_fc and video_weight_fc" in told(Drl(checkpoint=str(clip_dir), interaction="wti"))
    assert "has text_weight_fc and video_weight_fc" in told(Drl(checkpoint=trained["wti2"], interaction="ti", frames=4))


def test_words_and_frames_of_xclip_are_those_it_was_trained_with(trained: dict[str, str]) -> None:
    loaded = XClip(checkpoint=trained["xclip"]).load("cpu")
    assert (loaded.words, loaded.frames) == (10, 4)
    assert "trained with 10, and padding takes part" in told(XClip(checkpoint=trained["xclip"], words=32))


def test_more_frames_than_positions_are_refused(trained: dict[str, str]) -> None:
    assert "has positions for 12" in told(Clip4Clip(checkpoint=trained["seqTransf"], frames=13))


def test_more_words_than_positions_are_refused(clip_dir: Path) -> None:
    assert "`words: 41`: checkpoint" in told(Clip4Clip(checkpoint=str(clip_dir), words=41))


@pytest.mark.parametrize("dropped", ["visual_projection.weight", "text_model.final_layer_norm.bias"])
def test_a_parameter_that_is_missing_is_an_error_and_not_a_random_one(
    dropped: str, clip_dir: Path, tmp_path: Path
) -> None:
    shutil.copytree(clip_dir, tmp_path / "clip")
    weights = load_file(tmp_path / "clip" / "model.safetensors")
    del weights[dropped]
    save_file(weights, tmp_path / "clip" / "model.safetensors", {"format": "pt"})
    assert f"It lacks {dropped}" in told(Clip4Clip(checkpoint=str(tmp_path / "clip")))


def spoiled(folder: Path, file: str, name: str) -> str:
    """The folder with one number of a tensor that is not finite."""
    weights = load_file(folder / file)
    weights[name] = weights[name].clone()
    weights[name].view(-1)[-1] = float("nan")
    save_file(weights, folder / file, {"format": "pt"})
    return f"the tensor {name!r} holds a number that is not finite"


def test_a_tensor_of_the_towers_that_is_not_finite_is_refused_by_name(clip_dir: Path, tmp_path: Path) -> None:
    folder = Path(shutil.copytree(clip_dir, tmp_path / "clip"))
    refusal = spoiled(folder, "model.safetensors", "text_model.final_layer_norm.bias")
    assert refusal in told(Clip4Clip(checkpoint=str(folder)))


def test_a_tensor_of_a_head_that_is_not_finite_is_refused_by_name(trained: dict[str, str], tmp_path: Path) -> None:
    folder = Path(shutil.copytree(trained["seqTransf"], tmp_path / "head"))
    name = sorted(load_file(folder / "head.safetensors"))[0]
    assert spoiled(folder, "head.safetensors", name) in told(Clip4Clip(checkpoint=str(folder)))


def test_a_pickle_is_read_only_where_the_suite_says_so(clip_dir: Path, tmp_path: Path) -> None:
    shutil.copytree(clip_dir, tmp_path / "clip")
    safe = tmp_path / "clip" / "model.safetensors"
    torch.save(load_file(safe), tmp_path / "clip" / "pytorch_model.bin")
    safe.unlink()
    assert "`allow_bin: true` reads it with weights_only" in told(Clip4Clip(checkpoint=str(tmp_path / "clip")))
    Clip4Clip(checkpoint=str(tmp_path / "clip"), allow_bin=True).load("cpu")


def test_blip_does_not_take_a_head_over_clip(trained: dict[str, str]) -> None:
    with pytest.raises(ModelError, match="the head of a system over CLIP"):
        Blip(checkpoint=trained["xclip"]).identity("text")


def frames_of(loaded: LoadedClipSystem, item: MediaItem) -> np.ndarray:
    images = chosen_frames(item, loaded.choose)
    pixels = np.stack([clip_pixels(image, loaded.towers.image_size) for image in images])
    with torch.inference_mode():
        found: np.ndarray = loaded.towers.frames(torch.from_numpy(pixels)).numpy()
    return found


@pytest.mark.parametrize("system", [Clip4Clip, XClip, Drl])
def test_features_of_frames_stand_for_the_frames_whatever_lies_behind_the_mask(
    system: Any, clip_dir: Path, clip: MediaItem, tmp_path: Path
) -> None:
    loaded = system(checkpoint=str(clip_dir), frames=6).load("cpu")
    there = frames_of(loaded, clip)
    assert len(there) < 6
    frames = np.zeros((1, 9, WIDTH), dtype=np.float32)
    frames[0, : len(there)] = there
    mask = (np.arange(9) < len(there))[None]
    np.savez(tmp_path / "f.npz", frames=frames, mask=mask, ids=np.array(["pink"]))
    given = loaded.encode_items([open_media(tmp_path / "f.npz").item("pink")]).features
    for name, array in loaded.encode_items([clip]).features.items():
        np.testing.assert_allclose(given[name], array, rtol=0, atol=1e-5)


def test_features_of_another_width_are_refused(clip_dir: Path, tmp_path: Path) -> None:
    np.savez(tmp_path / "f.npz", frames=np.ones((1, 2, 7)), mask=np.ones((1, 2)), ids=np.array(["a"]))
    loaded = Clip4Clip(checkpoint=str(clip_dir)).load("cpu")
    with pytest.raises(ModelError, match=f"features have 7 dimensions, and the model's frames {WIDTH}"):
        loaded.encode_items([open_media(tmp_path / "f.npz").item("a")])


def test_blip_looks_at_clips_and_not_at_features(blip_dir: Path, tmp_path: Path) -> None:
    np.savez(tmp_path / "f.npz", frames=np.ones((1, 2, 7)), mask=np.ones((1, 2)), ids=np.array(["a"]))
    with pytest.raises(ModelError, match="give it the clips"):
        Blip(checkpoint=str(blip_dir)).load("cpu").encode_items([open_media(tmp_path / "f.npz").item("a")])


def test_blip_asks_with_its_own_mark_and_not_as_transformers_does(blip_dir: Path, clip: MediaItem) -> None:
    """transformers keeps [CLS]; for one image and else the same inputs its logit is another."""
    loaded = Blip(checkpoint=str(blip_dir), frames=1).load("cpu")
    texts, items = loaded.encode_texts(["red moves"]).features, loaded.encode_items([clip]).features
    ours = loaded.rescore(texts, items, np.array([[0, 0]])) - loaded.score(texts, items)[0]
    ids, mask = (torch.from_numpy(texts[name]) for name in ("ids", "mask"))
    tokens = torch.from_numpy(items["tokens"])
    with torch.inference_mode():
        states = loaded.model.text_encoder(input_ids=ids, attention_mask=mask.long(), encoder_hidden_states=tokens)
        theirs = loaded.model.itm_head(states.last_hidden_state[:, 0])[:, 1].numpy()
        ids[:, 0] = loaded.model.config.text_config.vocab_size - 1
        states = loaded.model.text_encoder(input_ids=ids, attention_mask=mask.long(), encoder_hidden_states=tokens)
        expected = loaded.model.itm_head(states.last_hidden_state[:, 0])[:, 1].numpy()
    np.testing.assert_allclose(ours, expected, rtol=0, atol=1e-5)
    assert abs(ours - theirs).max() > 1e-3


def test_the_precision_of_the_towers_is_recorded_and_named(clip_dir: Path) -> None:
    half = Clip4Clip(checkpoint=str(clip_dir), dtype="bfloat16")
    assert half.identity("item") != Clip4Clip(checkpoint=str(clip_dir)).identity("item")
    loaded = half.load("cpu")
    assert loaded.provenance()["precision"] == "bfloat16"
    assert loaded.encode_texts(["a"]).features["sentence"].dtype == np.float32
