"""Infer the shape of a head from the names and shapes of its parameters, as no checkpoint says it otherwise."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

from sparsebench import ModelError

TemporalKind = Literal["meanP", "seqTransf", "seqLSTM", "tightTransf"]
Shape = tuple[int, ...]

_SIGNS: Mapping[str, TemporalKind] = {
    "transformerClip.": "seqTransf",
    "lstm_visual.": "seqLSTM",
    "cross.": "tightTransf",
}
_LAYER = re.compile(r"\.resblocks\.(\d+)\.")
_FIRST_OF_MLP = re.compile(r"text_weight_fc\.(?:(\d+)\.)?weight")


@dataclass(frozen=True)
class HeadShape:
    """Structure of a head.

    temporal: which way frames are ordered. width: d. layers, positions: of its transformer, 0 without one.
    words, frames: W and T that X-CLIP's matrices are for, 0 without them. arch: linear layers of DRL's weights, 0
    without them.
    """

    temporal: TemporalKind
    width: int
    layers: int = 0
    positions: int = 0
    words: int = 0
    frames: int = 0
    arch: int = 0


def read_shape(shapes: Mapping[str, Shape], width: int) -> HeadShape:
    """Look for the signs of each head. shapes: name -> shape of its parameters, none for a plain CLIP.

    Raises ModelError where the names are those of two heads.
    """
    found = [kind for sign, kind in _SIGNS.items() if any(name.startswith(sign) for name in shapes)]
    if len(found) > 1:
        raise ModelError(f"its parameters are those of {' and '.join(found)} at once")
    positions = [shape[0] for name, shape in shapes.items() if name.endswith("position_embeddings.weight")]
    return HeadShape(
        temporal=found[0] if found else "meanP",
        width=width,
        layers=1 + max((int(match[1]) for match in map(_LAYER.search, shapes) if match), default=-1),
        positions=positions[0] if positions else 0,
        words=shapes.get("word_logit_weight", (0,))[0],
        frames=shapes.get("frame_logit_weight", (0,))[0],
        arch=sum(1 for name in shapes if _FIRST_OF_MLP.fullmatch(name)),
    )
