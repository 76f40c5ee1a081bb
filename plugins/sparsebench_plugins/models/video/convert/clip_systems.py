"""State dicts of CLIP4Clip, X-CLIP and DRL: CLIP and a head, whose kind is read off its names. Needs torch."""

from __future__ import annotations

from torch import nn

from sparsebench import Conversion, ModelError
from sparsebench_plugins.models.video.convert.openai import clip_config, split_state, to_transformers
from sparsebench_plugins.models.video.convert.state import read_state, write_folder
from sparsebench_plugins.models.video.heads.clip4clip import Clip4ClipHead, TightHead
from sparsebench_plugins.models.video.heads.drl import TokenHead, WeightedTokenHead
from sparsebench_plugins.models.video.heads.named import load_named
from sparsebench_plugins.models.video.heads.shape import HeadShape, read_shape
from sparsebench_plugins.models.video.heads.xclip import XClipHead


def convert_clip_system(asked: Conversion, system: str) -> str:
    """Turn a state dict into a folder; returns what was found in it. Raises ModelError."""
    source = asked.source
    if asked.image_size is not None:
        raise ModelError("the positions of CLIP are not resized; leave --image-size out")
    clip, head = split_state(read_state(source), source)
    config = clip_config(clip)
    try:
        shape = read_shape({name: tuple(tensor.shape) for name, tensor in head.items()}, config.projection_dim)
    except ModelError as error:
        raise ModelError(f"{source}: {error}") from error
    load_named(empty_head(system, shape), head, str(source))
    write_folder(asked, config, to_transformers(clip), head, system)
    layers = f", {shape.layers} layers" if shape.layers else ""
    size = sum(tensor.numel() for tensor in head.values())
    return f"{system}: {shape.temporal}{layers}, {size:,} parameters of the head"


def empty_head(system: str, shape: HeadShape) -> nn.Module:
    """The head that a system has with parameters of these shapes, without their values."""
    if system == "xclip":
        return XClipHead(shape)
    if system == "drl":
        return WeightedTokenHead(shape) if shape.arch else TokenHead(shape)
    return TightHead(shape) if shape.temporal == "tightTransf" else Clip4ClipHead(shape)
