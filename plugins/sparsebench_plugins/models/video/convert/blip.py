"""Checkpoints of BLIP's retrieval models in transformers' names. Needs torch."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping

import torch
from torch import Tensor
from transformers import BlipConfig, BlipForImageTextRetrieval

from sparsebench import Conversion, ModelError
from sparsebench_plugins.models.video.convert.state import check_names, read_state, write_folder

HEAD_WIDTH = 64
VISION_EPSILON = 1e-6
_BLOCK = re.compile(r"visual_encoder\.blocks\.(\d+)\.")
_DROPPED = re.compile(r"\w*_m\.|(text|image|idx|ptr)\w*queue|queue_ptr|ptr_queue|temp$|.*position_ids$")
_TELLING = (
    "vision_model.embeddings.patch_embedding.weight",
    "vision_model.embeddings.position_embedding",
    "vision_model.encoder.layers.0.mlp.fc1.weight",
    "text_encoder.embeddings.word_embeddings.weight",
    "text_encoder.embeddings.position_embeddings.weight",
    "text_encoder.encoder.layer.0.intermediate.dense.weight",
    "text_proj.weight",
    "itm_head.weight",
)
"""Whose shapes say how large the model is, and one that only a retrieval model has."""
_WHOLE = {
    "visual_encoder.patch_embed.proj.": "vision_model.embeddings.patch_embedding.",
    "visual_encoder.cls_token": "vision_model.embeddings.class_embedding",
    "visual_encoder.pos_embed": "vision_model.embeddings.position_embedding",
    "visual_encoder.norm.": "vision_model.post_layernorm.",
}
_LAYER = {
    "norm1.": "layer_norm1.",
    "norm2.": "layer_norm2.",
    "attn.qkv.": "self_attn.qkv.",
    "attn.proj.": "self_attn.projection.",
    "mlp.": "mlp.",
}


def convert_blip(asked: Conversion) -> str:
    """Turn a checkpoint into a folder; returns what was found in it. Raises ModelError.

    Positions are resized where it is to take pixels of another size than it was trained with.
    """
    source = asked.source
    state = {name: tensor for name, tensor in read_state(source).items() if not _DROPPED.match(name)}
    weights = {renamed(name): tensor for name, tensor in state.items()}
    if absent := [name for name in _TELLING if name not in weights]:
        raise ModelError(f"{source}: it is no retrieval model of BLIP: it lacks {', '.join(absent)}")
    check_names(weights, set(_smallest(weights).state_dict()), f"{source} (in transformers' names)")
    patch = weights["vision_model.embeddings.patch_embedding.weight"].shape[-1]
    positions = weights["vision_model.embeddings.position_embedding"]
    side = asked.image_size // patch if asked.image_size else math.isqrt(positions.shape[1] - 1)
    weights["vision_model.embeddings.position_embedding"] = resized(positions, side)
    write_folder(asked, blip_config(weights), weights, {}, "blip")
    return f"blip: pixels of {side * patch}, {sum(tensor.numel() for tensor in weights.values()):,} parameters"


def renamed(name: str) -> str:
    """A name of the authors' in transformers' form; text and projections are called the same."""
    if block := _BLOCK.match(name):
        rest = name[block.end() :]
        inner = next((new + rest.removeprefix(old) for old, new in _LAYER.items() if rest.startswith(old)), rest)
        return f"vision_model.encoder.layers.{block[1]}.{inner}"
    return next((new + name.removeprefix(old) for old, new in _WHOLE.items() if name.startswith(old)), name)


def resized(positions: Tensor, side: int) -> Tensor:
    """Positions (1, 1 + n^2, d) for side^2 patches, (1, 1 + side^2, d): bicubic, the class token's as it is."""
    first, grid = positions[:, :1], positions[:, 1:]
    old = math.isqrt(grid.shape[1])
    if old == side:
        return positions
    image = grid.reshape(1, old, old, -1).permute(0, 3, 1, 2)
    larger = torch.nn.functional.interpolate(image, size=(side, side), mode="bicubic", align_corners=False)
    return torch.cat([first, larger.permute(0, 2, 3, 1).flatten(1, 2)], dim=1)


def blip_config(weights: Mapping[str, Tensor]) -> BlipConfig:
    """Infer the model's configuration from its shapes; heads are 64 wide in every BLIP."""
    patch = weights["vision_model.embeddings.patch_embedding.weight"]
    vocabulary, width = weights["text_encoder.embeddings.word_embeddings.weight"].shape
    text = {
        "hidden_size": width,
        "num_attention_heads": width // HEAD_WIDTH,
        "num_hidden_layers": _count(weights, r"text_encoder\.encoder\.layer\.(\d+)\."),
        "intermediate_size": len(weights["text_encoder.encoder.layer.0.intermediate.dense.weight"]),
        "vocab_size": vocabulary,
        "max_position_embeddings": len(weights["text_encoder.embeddings.position_embeddings.weight"]),
        "encoder_hidden_size": patch.shape[0],
        "bos_token_id": vocabulary - 2,
    }
    vision = {
        "hidden_size": patch.shape[0],
        "num_attention_heads": patch.shape[0] // HEAD_WIDTH,
        "num_hidden_layers": _count(weights, r"vision_model\.encoder\.layers\.(\d+)\."),
        "intermediate_size": len(weights["vision_model.encoder.layers.0.mlp.fc1.weight"]),
        "patch_size": patch.shape[-1],
        "image_size": patch.shape[-1] * math.isqrt(weights["vision_model.embeddings.position_embedding"].shape[1] - 1),
        "layer_norm_eps": VISION_EPSILON,
    }
    projection = len(weights["text_proj.weight"])
    return BlipConfig(
        text_config=text, vision_config=vision, image_text_hidden_size=projection, projection_dim=projection
    )


def _smallest(weights: Mapping[str, Tensor]) -> BlipForImageTextRetrieval:
    """The model that has these parameters, without memory for their values."""
    with torch.device("meta"):
        return BlipForImageTextRetrieval(blip_config(weights))


def _count(weights: Mapping[str, Tensor], pattern: str) -> int:
    found = (match for name in weights if (match := re.match(pattern, name)))
    return 1 + max((int(match[1]) for match in found), default=-1)
