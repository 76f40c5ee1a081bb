"""`sparsebench convert`: a folder holds what the state dict held, and a name too few or too many is an error."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from click.testing import CliRunner
from safetensors.torch import load_file
from transformers import BlipForImageTextRetrieval, CLIPModel

from authors_names import blip_state, head_state, openai_state
from clips import blip_model, clip_model, write_bert_tokenizer, write_clip_tokenizer
from sparsebench import Conversion, ModelError
from sparsebench.cli.convert import command
from sparsebench_plugins.models.video import Blip, Clip4Clip, Drl, XClip, converters
from sparsebench_plugins.models.video.convert.blip import resized

HEADS: dict[str, tuple[Any, Any]] = {
    "seqTransf": (converters.clip4clip, Clip4Clip),
    "seqLSTM": (converters.clip4clip, Clip4Clip),
    "tightTransf": (converters.clip4clip, Clip4Clip),
    "xclip": (converters.xclip, XClip),
    "wti2": (converters.drl, Drl),
}


@pytest.fixture(scope="module")
def tokenizer(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("tokenizer")
    write_clip_tokenizer(folder)
    return folder


@pytest.fixture(scope="module")
def bert(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("bert")
    write_bert_tokenizer(folder)
    return folder


def saved(state: Any, folder: Path) -> Path:
    path = folder / "pytorch_model.bin"
    torch.save(state, path)
    return path


@pytest.mark.parametrize("kind", HEADS)
def test_a_state_dict_in_the_authors_names_becomes_a_folder_that_loads(
    kind: str, tmp_path: Path, tokenizer: Path
) -> None:
    convert, system = HEADS[kind]
    state = {**openai_state(), **head_state(kind)}
    convert(Conversion(saved(state, tmp_path), tmp_path / "out", tokenizer))
    model = CLIPModel.from_pretrained(tmp_path / "out")
    for name, tensor in clip_model().state_dict().items():
        torch.testing.assert_close(model.state_dict()[name], tensor, rtol=0, atol=0)
    loaded = system(checkpoint=str(tmp_path / "out"), frames=4).load("cpu")
    for name, tensor in loaded.head.state_dict().items():
        torch.testing.assert_close(tensor, state[name], rtol=0, atol=0)


def test_numbers_of_half_precision_are_written_whole(tmp_path: Path, tokenizer: Path) -> None:
    state = {name: tensor.half() for name, tensor in openai_state().items()}
    converters.clip4clip(Conversion(saved(state, tmp_path), tmp_path / "out", tokenizer))
    weights = load_file(tmp_path / "out" / "model.safetensors")
    assert {tensor.dtype for tensor in weights.values()} == {torch.float32}


@pytest.mark.parametrize(
    "dropped", ["clip.visual.proj", "clip.transformer.resblocks.1.mlp.c_fc.bias", "clip.ln_final.bias"]
)
def test_a_name_of_clip_that_is_missing_is_an_error_with_the_name(
    dropped: str, tmp_path: Path, tokenizer: Path
) -> None:
    state = {**openai_state(), **head_state("seqTransf")}
    del state[dropped]
    with pytest.raises(ModelError, match=rf"Missing: {dropped.removeprefix('clip.')}; left over: nothing"):
        converters.clip4clip(Conversion(saved(state, tmp_path), tmp_path / "out", tokenizer))
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize(
    ("kind", "dropped"),
    [
        ("seqTransf", "frame_position_embeddings.weight"),
        ("seqTransf", "transformerClip.resblocks.0.ln_2.bias"),
        ("tightTransf", "similarity_dense.weight"),
        ("xclip", "word_mat_weight2"),
        ("wti2", "video_weight_fc.2.bias"),
    ],
)
def test_a_head_that_is_not_whole_is_never_filled_in(kind: str, dropped: str, tmp_path: Path, tokenizer: Path) -> None:
    state = {**openai_state(), **head_state(kind)}
    del state[dropped]
    with pytest.raises(ModelError, match=dropped.replace(".", r"\.")):
        HEADS[kind][0](Conversion(saved(state, tmp_path), tmp_path / "out", tokenizer))


def test_a_name_that_is_left_over_is_an_error(tmp_path: Path, tokenizer: Path) -> None:
    state = {**openai_state(), **head_state("seqTransf"), "mlm_head.weight": torch.zeros(2)}
    with pytest.raises(ModelError, match=r"left over: mlm_head\.weight"):
        converters.clip4clip(Conversion(saved(state, tmp_path), tmp_path / "out", tokenizer))


def test_a_checkpoint_of_xclip_is_not_one_of_clip4clip(tmp_path: Path, tokenizer: Path) -> None:
    state = {**openai_state(), **head_state("xclip")}
    with pytest.raises(ModelError, match="left over: frame_logit_weight"):
        converters.clip4clip(Conversion(saved(state, tmp_path), tmp_path / "out", tokenizer))


def test_a_folder_remembers_what_it_was_converted_for(tmp_path: Path, tokenizer: Path) -> None:
    """DRL's ti has the same names as CLIP4Clip's seqTransf, and other scores."""
    state = {**openai_state(), **head_state("seqTransf")}
    converters.drl(Conversion(saved(state, tmp_path), tmp_path / "out", tokenizer))
    with pytest.raises(ModelError, match="was converted for drl, and clip4clip was asked to load it"):
        Clip4Clip(checkpoint=str(tmp_path / "out")).identity("text")


def test_patches_of_three_dimensions_are_refused(tmp_path: Path, tokenizer: Path) -> None:
    state = {**openai_state(), "clip.visual.conv2.weight": torch.zeros(2)}
    with pytest.raises(ModelError, match="linear_patch: 3d"):
        converters.clip4clip(Conversion(saved(state, tmp_path), tmp_path / "out", tokenizer))


def test_a_file_that_runs_code_is_refused_unread(tmp_path: Path, tokenizer: Path) -> None:
    class Trap:
        def __reduce__(self) -> Any:
            return (Path.touch, (tmp_path / "ran",))

    with pytest.raises(ModelError, match="cannot be read as weights alone"):
        converters.clip4clip(Conversion(saved({"clip.logit_scale": Trap()}, tmp_path), tmp_path / "out", tokenizer))
    assert not (tmp_path / "ran").exists()


def test_a_file_without_a_state_dict_is_refused(tmp_path: Path, tokenizer: Path) -> None:
    with pytest.raises(ModelError, match="holds no state dict"):
        converters.clip4clip(Conversion(saved({"epoch": 3}, tmp_path), tmp_path / "out", tokenizer))


def test_a_tensor_that_is_not_finite_is_refused_by_name(tmp_path: Path, tokenizer: Path) -> None:
    state = openai_state()
    name = sorted(name for name, tensor in state.items() if tensor.is_floating_point() and tensor.numel())[0]
    state[name] = torch.full_like(state[name], float("nan"))
    with pytest.raises(ModelError, match=f"the tensor '{name}' holds a number that is not finite"):
        converters.clip4clip(Conversion(saved(state, tmp_path), tmp_path / "out", tokenizer))
    assert not (tmp_path / "out").exists()


def test_an_empty_file_is_refused_by_its_name(tmp_path: Path, tokenizer: Path) -> None:
    (tmp_path / "empty.bin").touch()
    with pytest.raises(ModelError, match=r"empty\.bin: cannot be read as weights alone: EOFError"):
        converters.clip4clip(Conversion(tmp_path / "empty.bin", tmp_path / "out", tokenizer))


def test_nothing_is_written_over(tmp_path: Path, tokenizer: Path) -> None:
    (tmp_path / "out").mkdir()
    with pytest.raises(ModelError, match="already there"):
        converters.clip4clip(Conversion(saved(openai_state(), tmp_path), tmp_path / "out", tokenizer))


def test_a_checkpoint_of_blip_becomes_a_folder_that_loads(tmp_path: Path, bert: Path) -> None:
    converters.blip(Conversion(saved({"model": blip_state(), "epoch": 1}, tmp_path), tmp_path / "out", bert))
    model = BlipForImageTextRetrieval.from_pretrained(tmp_path / "out")
    for name, tensor in blip_model().state_dict().items():
        torch.testing.assert_close(model.state_dict()[name], tensor, rtol=0, atol=0)
    assert Blip(checkpoint=str(tmp_path / "out")).load("cpu").model.config.vision_config.layer_norm_eps == 1e-6


@pytest.mark.parametrize("dropped", ["itm_head.bias", "visual_encoder.blocks.1.norm1.bias", "text_proj.weight"])
def test_a_name_of_blip_that_is_missing_is_an_error(dropped: str, tmp_path: Path, bert: Path) -> None:
    state = blip_state()
    del state[dropped]
    with pytest.raises(ModelError, match=r"itm_head\.bias|layers\.1\.layer_norm1\.bias|text_proj\.weight"):
        converters.blip(Conversion(saved({"model": state}, tmp_path), tmp_path / "out", bert))


def cubic(distance: float) -> float:
    """The kernel of cubic convolution with a = -.75, which torch calls bicubic."""
    x = abs(distance)
    return 1.25 * x**3 - 2.25 * x**2 + 1 if x <= 1 else -0.75 * (x**3 - 5 * x**2 + 8 * x - 4) if x < 2 else 0.0


def test_positions_of_blip_are_resized_as_its_authors_do() -> None:
    """Bicubic without aligned corners: the middle of pixel i lies at (i + .5) / 2 - .5 of a grid half as wide."""
    grid = torch.from_numpy(np.random.default_rng(0).normal(size=(8, 8)))
    positions = torch.cat([torch.full((1, 1, 1), -5.0), grid.reshape(1, 64, 1).float()], dim=1)
    found = resized(positions, 16)
    assert found.shape == (1, 257, 1)
    assert found[0, 0, 0] == -5
    for row, column in ((6, 6), (7, 8), (9, 5)):
        y, x = ((place + 0.5) / 2 - 0.5 for place in (row, column))
        parts = [cubic(y - i) * cubic(x - j) * grid[i, j] for i in range(8) for j in range(8)]
        assert found[0, 1 + 16 * row + column, 0].item() == pytest.approx(sum(parts).item(), abs=1e-5)
    assert resized(positions, 8) is positions


def test_the_command_converts_and_says_what_it_found(tmp_path: Path, tokenizer: Path) -> None:
    source = saved({**openai_state(), **head_state("xclip")}, tmp_path)
    arguments = ["xclip", str(source), str(tmp_path / "out"), "--tokenizer", str(tokenizer)]
    ran = CliRunner().invoke(command, arguments, catch_exceptions=False, standalone_mode=False)
    assert "xclip: seqTransf, 2 layers" in ran.output
    assert sorted(path.name for path in (tmp_path / "out").iterdir() if path.suffix == ".safetensors") == [
        "head.safetensors",
        "model.safetensors",
    ]
