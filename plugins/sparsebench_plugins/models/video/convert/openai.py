"""OpenAI's names of CLIP's parameters, as the authors' state dicts have them, in transformers' names. Needs torch."""

from __future__ import annotations

import math
import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import torch
from torch import Tensor
from transformers import CLIPConfig

from sparsebench import ModelError
from sparsebench_plugins.models.video.convert.state import check_names

HEAD_WIDTH = 64
PREFIX = "clip."
_BLOCK = re.compile(r"(?:visual\.)?transformer\.resblocks\.(\d+)\.")

_LAYER = {
    "attn.in_proj_weight": "self_attn.{}_proj.weight",
    "attn.in_proj_bias": "self_attn.{}_proj.bias",
    "attn.out_proj.weight": "self_attn.out_proj.weight",
    "attn.out_proj.bias": "self_attn.out_proj.bias",
    "ln_1.weight": "layer_norm1.weight",
    "ln_1.bias": "layer_norm1.bias",
    "ln_2.weight": "layer_norm2.weight",
    "ln_2.bias": "layer_norm2.bias",
    "mlp.c_fc.weight": "mlp.fc1.weight",
    "mlp.c_fc.bias": "mlp.fc1.bias",
    "mlp.c_proj.weight": "mlp.fc2.weight",
    "mlp.c_proj.bias": "mlp.fc2.bias",
}
_OTHERS = {
    "visual.conv1.weight": "vision_model.embeddings.patch_embedding.weight",
    "visual.class_embedding": "vision_model.embeddings.class_embedding",
    "visual.positional_embedding": "vision_model.embeddings.position_embedding.weight",
    "visual.ln_pre.weight": "vision_model.pre_layrnorm.weight",
    "visual.ln_pre.bias": "vision_model.pre_layrnorm.bias",
    "visual.ln_post.weight": "vision_model.post_layernorm.weight",
    "visual.ln_post.bias": "vision_model.post_layernorm.bias",
    "visual.proj": "visual_projection.weight",
    "token_embedding.weight": "text_model.embeddings.token_embedding.weight",
    "positional_embedding": "text_model.embeddings.position_embedding.weight",
    "ln_final.weight": "text_model.final_layer_norm.weight",
    "ln_final.bias": "text_model.final_layer_norm.bias",
    "text_projection": "text_projection.weight",
    "logit_scale": "logit_scale",
}
_TRANSPOSED = ("visual.proj", "text_projection")


def split_state(state: Mapping[str, Tensor], path: Path) -> tuple[dict[str, Tensor], dict[str, Tensor]]:
    """CLIP's own parameters under OpenAI's names, and the head's. Raises ModelError for wrong names of CLIP."""
    clip = {name.removeprefix(PREFIX): tensor for name, tensor in state.items() if name.startswith(PREFIX)}
    head = {name: tensor for name, tensor in state.items() if not name.startswith(PREFIX)}
    if "visual.conv2.weight" in clip:
        raise ModelError(f"{path}: its patches are embedded by visual.conv2 (linear_patch: 3d), which is not supported")
    if not clip:
        raise ModelError(f"{path}: no name begins with {PREFIX!r}; CLIP is looked for under these")
    towers = (("visual.transformer", _layers(clip, "visual.")), ("transformer", _layers(clip, "")))
    blocks = {f"{tower}.resblocks.{at}.{name}" for tower, layers in towers for at in range(layers) for name in _LAYER}
    check_names(clip, {*_OTHERS, *blocks}, str(path))
    return clip, head


def to_transformers(clip: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """Rename the parameters for transformers' CLIPModel."""
    return dict(_renamed(clip))


def clip_config(clip: Mapping[str, Tensor]) -> CLIPConfig:
    """Infer the model's configuration from its shapes; heads are 64 wide in every CLIP of OpenAI's."""
    patches, positions = clip["visual.conv1.weight"], clip["visual.positional_embedding"]
    side = math.isqrt(len(positions) - 1)
    vocabulary, width = clip["token_embedding.weight"].shape
    text = {
        **_tower(clip, width, "transformer"),
        "vocab_size": vocabulary,
        "max_position_embeddings": len(clip["positional_embedding"]),
        "bos_token_id": vocabulary - 2,
        "eos_token_id": vocabulary - 1,
    }
    vision = {
        **_tower(clip, patches.shape[0], "visual.transformer"),
        "patch_size": patches.shape[-1],
        "image_size": side * patches.shape[-1],
    }
    return CLIPConfig(text_config=text, vision_config=vision, projection_dim=clip["text_projection"].shape[1])


def _tower(clip: Mapping[str, Tensor], width: int, tower: str) -> dict[str, Any]:
    return {
        "hidden_size": width,
        "intermediate_size": len(clip[f"{tower}.resblocks.0.mlp.c_fc.weight"]),
        "num_hidden_layers": _layers(clip, tower.removesuffix("transformer")),
        "num_attention_heads": width // HEAD_WIDTH,
    }


def _layers(clip: Mapping[str, Tensor], prefix: str) -> int:
    """Return how many blocks there should be: one more than the largest number."""
    own = (match for name in clip if name.startswith(f"{prefix}transformer.") and (match := _BLOCK.match(name)))
    return 1 + max((int(match[1]) for match in own), default=-1)


def _renamed(clip: Mapping[str, Tensor]) -> Iterator[tuple[str, Tensor]]:
    for name, tensor in clip.items():
        if name in _OTHERS:
            yield _OTHERS[name], tensor.T if name in _TRANSPOSED else tensor
            continue
        block = _BLOCK.match(name)
        assert block is not None, "names were checked before"
        tower = "vision_model" if name.startswith("visual.") else "text_model"
        target = f"{tower}.encoder.layers.{block[1]}.{_LAYER[name[block.end() :]]}"
        if "{}" not in target:
            yield target, tensor
            continue
        for part, third in zip("qkv", torch.chunk(tensor, 3), strict=True):
            yield target.format(part), third
