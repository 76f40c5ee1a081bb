"""The test vectors of the specification, where it lies beside the checkout: 18 matrices and the lists of frames."""

from __future__ import annotations

import importlib.util
import json
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from sparsebench.media import Timeline
from sparsebench_plugins.models.video.heads.clip4clip import Clip4ClipHead, TightHead
from sparsebench_plugins.models.video.heads.drl import DotProductHead, TokenHead, WeightedTokenHead
from sparsebench_plugins.models.video.heads.shape import HeadShape
from sparsebench_plugins.models.video.heads.xclip import XClipHead
from sparsebench_plugins.models.video.loaded_blip import LoadedBlip
from sparsebench_plugins.models.video.loaded_clip import LoadedClipSystem
from sparsebench_plugins.models.video.sampling import evenly, one_a_second
from sparsebench_plugins.models.video.towers import Towers

HEADS: dict[str, tuple[Any, str, int, int]] = {
    "clip4clip meanP": (Clip4ClipHead, "meanP", 2, 0),
    "clip4clip seqLSTM": (Clip4ClipHead, "seqLSTM", 2, 0),
    "clip4clip seqTransf": (Clip4ClipHead, "seqTransf", 2, 0),
    "clip4clip tightTransf": (TightHead, "tightTransf", 2, 0),
    "xclip seqTransf": (XClipHead, "seqTransf", 2, 0),
    "xclip meanP untrained": (XClipHead, "meanP", 2, 0),
    "drl dp None": (DotProductHead, "meanP", 4, 0),
    "drl dp seqTransf": (DotProductHead, "seqTransf", 4, 0),
    "drl ti None": (TokenHead, "meanP", 4, 0),
    "drl ti seqTransf": (TokenHead, "seqTransf", 4, 0),
    "drl wti1 seqTransf": (WeightedTokenHead, "seqTransf", 4, 1),
    "drl wti2 seqTransf": (WeightedTokenHead, "seqTransf", 4, 2),
    "drl wti3 seqTransf": (WeightedTokenHead, "seqTransf", 4, 3),
    "drl wti2 seqLSTM": (WeightedTokenHead, "seqLSTM", 4, 2),
}
"""Head, temporal head, its layers, layers of its weights."""
BLIP = ("blip itc", "blip itm", "blip fused_t2v", "blip fused_v2t")


@pytest.fixture(scope="module")
def specification(shared_dir: Path) -> Any:
    """The specification's own module."""
    path = shared_dir / "video" / "video_reference.py"
    if not path.is_file():
        pytest.skip("the specification (../shared/video) is not beside this checkout")
    spec = importlib.util.spec_from_file_location("video_reference", path)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.fixture(scope="module")
def expected(shared_dir: Path, specification: Any) -> Any:
    return json.loads((shared_dir / "video" / "video_reference.json").read_text())


@pytest.fixture(scope="module")
def towers(specification: Any) -> Towers:
    return Towers(specification.clip(), batch=4)


@pytest.fixture(scope="module")
def blip(specification: Any) -> dict[str, np.ndarray]:
    loaded = LoadedBlip(specification.blip(), None, specification.W, specification.T, batch=3)
    ids, mask = specification.blip_texts()
    with torch.inference_mode():
        texts = {name: array.numpy() for name, array in loaded.of_ids(ids, mask.bool()).items()}
        items = {name: array.numpy() for name, array in loaded.of_pixels(specification.blip_videos()).items()}
    itc = loaded.score(texts, items)
    pairs = np.array([(q, v) for q in range(len(itc)) for v in range(itc.shape[1])])
    return {"itc": itc, "fused": loaded.rescore(texts, items, pairs).reshape(itc.shape)}


def test_the_tests_cover_all_matrices(expected: Any) -> None:
    assert {*HEADS, *BLIP} == expected["matrices"].keys()


@pytest.mark.parametrize("name", HEADS)
def test_a_system_over_clip_gives_the_matrix(name: str, specification: Any, expected: Any, towers: Towers) -> None:
    make, temporal, layers, arch = HEADS[name]
    shape = HeadShape(temporal, specification.D, layers, 20, specification.W, specification.T, arch)
    head = make(shape)
    if "untrained" not in name:
        specification.filled(head)
    loaded = LoadedClipSystem(towers, head.eval(), None, specification.W, specification.T, partial(evenly, count=1))
    (ids, _), (pixels, there) = specification.texts(), specification.videos()
    with torch.inference_mode():
        frames = towers.frames(pixels.flatten(0, 1)).reshape(*there.shape, -1)
        texts, items = loaded.of_ids(ids), loaded.of_frames(frames, there.bool())
        scores = loaded.score(
            {key: value.numpy() for key, value in texts.items()}, {key: value.numpy() for key, value in items.items()}
        )
    factor = 100 if name.startswith(("clip4clip", "xclip")) and "tight" not in name else 1
    np.testing.assert_allclose(scores / factor, np.array(expected["matrices"][name]) / factor, rtol=0, atol=1e-5)


def test_blip_gives_the_matrices(blip: dict[str, np.ndarray], expected: Any) -> None:
    found = {"blip itc": blip["itc"], "blip itm": blip["fused"] - blip["itc"]}
    for name, scores in found.items():
        np.testing.assert_allclose(scores, expected["matrices"][name], rtol=0, atol=1e-5)


@pytest.mark.parametrize(("name", "axis"), [("blip fused_t2v", 1), ("blip fused_v2t", 0)])
def test_blips_best_are_those_of_the_specification(
    name: str, axis: int, blip: dict[str, np.ndarray], expected: Any, specification: Any
) -> None:
    """Pairs outside are -100 there and unseen here."""
    from sparsebench.evaluate.forms.pair_scores import best

    itc, fused = (blip[each] if axis == 1 else blip[each].T for each in ("itc", "fused"))
    wanted = np.array(expected["matrices"][name])
    wanted = wanted if axis == 1 else wanted.T
    columns = best(itc, specification.K)
    seen = np.zeros(itc.shape, dtype=bool)
    np.put_along_axis(seen, columns, True, axis=1)
    assert (seen == (wanted != -100)).all()
    np.testing.assert_allclose(fused[seen], wanted[seen], rtol=0, atol=1e-5)


def test_the_mark_before_a_question_is_the_specifications(specification: Any) -> None:
    loaded = LoadedBlip(specification.blip(), None, 1, 1, 1)
    assert loaded.encoder_id == specification.BLIP_ENC


@pytest.mark.parametrize(("key", "whole"), [("clip_frames", int), ("drl_frames", round)])
def test_frames_are_those_of_the_specification(key: str, whole: Any, expected: Any) -> None:
    for asked, frames in expected[key].items():
        count, fps, limit = asked.split(",")
        assert one_a_second(Timeline(int(count), float(fps)), limit=int(limit), whole=whole) == frames


def test_frames_of_blip_are_those_of_the_specification(expected: Any) -> None:
    for count, frames in expected["blip_frames"].items():
        assert evenly(Timeline(int(count), 25.0), count=8) == frames
