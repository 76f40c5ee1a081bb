"""Heads over CLIP against plain loops over one pair, written for these tests alone."""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from typing import Any

import numpy as np
import pytest
import torch

import plain_video
from clips import WIDTH, filled, numbers
from plain_video import Pair
from sparsebench_plugins.models.video.heads.clip4clip import Clip4ClipHead, TightHead
from sparsebench_plugins.models.video.heads.drl import DotProductHead, TokenHead, WeightedTokenHead
from sparsebench_plugins.models.video.heads.shape import HeadShape
from sparsebench_plugins.models.video.heads.xclip import XClipHead

WIDE = 2 * WIDTH
HEADS = WIDE // 64
WORDS, FRAMES, LAYERS = 6, 4, 2
LENGTHS_OF_TEXTS, LENGTHS_OF_VIDEOS = (6, 3, 4), (4, 1, 2)
SCALE = torch.tensor(100.0)

Plain = Callable[[Pair, plain_video.Weights], float]


def shape(temporal: Any, **more: int) -> HeadShape:
    return HeadShape(temporal, WIDE, LAYERS if temporal in ("seqTransf", "tightTransf") else 0, 10, **more)


CASES: dict[str, tuple[Any, Plain]] = {
    **{
        f"clip4clip {kind}": (
            TightHead(shape(kind)) if kind == "tightTransf" else Clip4ClipHead(shape(kind)),
            lambda pair, weights, kind=kind: plain_video.clip4clip(pair, kind, weights, LAYERS, HEADS, 100),
        )
        for kind in ("meanP", "seqTransf", "seqLSTM", "tightTransf")
    },
    **{
        f"xclip {kind}": (
            XClipHead(shape(kind, words=WORDS, frames=FRAMES)),
            lambda pair, weights, kind=kind: plain_video.xclip(pair, kind, weights, LAYERS, HEADS, 100),
        )
        for kind in ("meanP", "seqTransf")
    },
    **{
        f"drl {interaction}{arch or ''} {kind}": (
            head(shape(kind, arch=arch)),
            lambda pair, weights, kind=kind, interaction=interaction, arch=arch: plain_video.drl(
                pair, kind, interaction, arch, weights, LAYERS, HEADS
            ),
        )
        for head, interaction, arch in (
            (DotProductHead, "dp", 0),
            (TokenHead, "ti", 0),
            (WeightedTokenHead, "wti", 1),
            (WeightedTokenHead, "wti", 3),
        )
        for kind in ("meanP", "seqTransf", "seqLSTM")
    },
}


def masks(lengths: tuple[int, ...], size: int) -> torch.Tensor:
    return torch.tensor([[place < length for place in range(size)] for length in lengths])


@cache
def inputs() -> tuple[torch.Tensor, torch.Tensor, torch.Tensor, torch.Tensor]:
    words, frames = numbers("words", (3, WORDS, WIDE), 1.0), numbers("frames", (3, FRAMES, WIDE), 1.0)
    return words, masks(LENGTHS_OF_TEXTS, WORDS), frames, masks(LENGTHS_OF_VIDEOS, FRAMES)


def scores(head: Any) -> np.ndarray:
    words, words_there, frames, frames_there = inputs()
    sentence = words[torch.arange(3), torch.tensor(LENGTHS_OF_TEXTS) - 1]
    with torch.inference_mode():
        texts, items = head.texts(words, sentence, words_there), head.items(frames, frames_there)
        found: np.ndarray = head.score(texts, items, SCALE).numpy()
    return found


@pytest.mark.parametrize("name", CASES)
def test_a_head_scores_as_plain_loops_do(name: str) -> None:
    head, plain = CASES[name]
    state = {key: value.double().numpy() for key, value in filled(head).state_dict().items()}
    words, _, frames, _ = (array.double().numpy() for array in inputs())
    expected = [
        [
            plain(Pair(words[q], length - 1, length, frames[v], there), state.__getitem__)
            for v, there in enumerate(LENGTHS_OF_VIDEOS)
        ]
        for q, length in enumerate(LENGTHS_OF_TEXTS)
    ]
    factor = 100 if name.startswith(("clip4clip", "xclip")) and "tight" not in name else 1
    np.testing.assert_allclose(scores(head) / factor, np.array(expected) / factor, rtol=0, atol=1e-5)


def with_other_padding(head: Any) -> np.ndarray:
    """The same, with other numbers where there is no word and no frame."""
    words, words_there, frames, frames_there = inputs()
    words = torch.where(words_there[..., None], words, numbers("other words", tuple(words.shape), 1.0))
    frames = torch.where(frames_there[..., None], frames, numbers("other frames", tuple(frames.shape), 1.0))
    sentence = words[torch.arange(3), torch.tensor(LENGTHS_OF_TEXTS) - 1]
    with torch.inference_mode():
        texts, items = head.texts(words, sentence, words_there), head.items(frames, frames_there)
        found: np.ndarray = head.score(texts, items, SCALE).numpy()
    return found


@pytest.mark.parametrize("name", [name for name in CASES if not name.startswith("xclip")])
def test_padding_changes_no_score_of_clip4clip_and_drl(name: str) -> None:
    head = filled(CASES[name][0])
    np.testing.assert_allclose(with_other_padding(head), scores(head), rtol=0, atol=1e-4)


@pytest.mark.parametrize("name", [name for name in CASES if name.startswith("xclip")])
def test_padding_is_a_part_of_xclip(name: str) -> None:
    head = filled(CASES[name][0])
    assert np.abs(with_other_padding(head) - scores(head)).max() > 0.1


def test_a_masked_pair_of_drl_wins_where_all_others_are_negative() -> None:
    """It stands with 0 in the maximum, not with minus infinity."""
    head = TokenHead(shape("meanP"))
    word, frame = torch.zeros(1, 2, WIDE), torch.zeros(1, 2, WIDE)
    word[..., 0], frame[..., 0] = 1.0, -1.0
    mask = torch.tensor([[True, False]])
    found = head.score(head.texts(word, word[:, 0], mask), head.items(frame, mask), SCALE)
    assert found.item() == 0.0


def test_an_untrained_xclip_is_made_of_identities() -> None:
    head = XClipHead(shape("meanP", words=WORDS, frames=FRAMES))
    assert all(bool((value == torch.eye(len(value))).all()) for value in head.state_dict().values())


def test_a_mean_leaves_out_frames_that_are_no_number() -> None:
    head = Clip4ClipHead(shape("meanP"))
    frames = numbers("frames", (1, 2, WIDE), 1.0)
    frames[0, 1] = torch.nan
    found = head.items(frames, torch.tensor([[True, False]]))["video"]
    torch.testing.assert_close(found, torch.nn.functional.normalize(frames[:, 0], dim=-1))
