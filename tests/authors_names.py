"""Tiny models under the names that their authors' checkpoints give to parameters, made by hand for the tests."""

from __future__ import annotations

import re
from typing import Any

import torch
from torch import Tensor

from clips import WIDTH, blip_model, clip_model, numbers

State = dict[str, Tensor]


def openai_state() -> State:
    """The tiny CLIP with OpenAI's names, under `clip.`, matrices in float16 as theirs are."""
    model = clip_model().state_dict()
    found: State = {}
    for side, tower in (("visual.", "vision_model"), ("", "text_model")):
        for layer in range(2):
            old, new = f"{tower}.encoder.layers.{layer}", f"clip.{side}transformer.resblocks.{layer}"
            for kind in ("weight", "bias"):
                parts = [model[f"{old}.self_attn.{part}_proj.{kind}"] for part in "qkv"]
                found[f"{new}.attn.in_proj_{kind}"] = torch.cat(parts)
                found[f"{new}.attn.out_proj.{kind}"] = model[f"{old}.self_attn.out_proj.{kind}"]
                found[f"{new}.ln_1.{kind}"] = model[f"{old}.layer_norm1.{kind}"]
                found[f"{new}.ln_2.{kind}"] = model[f"{old}.layer_norm2.{kind}"]
                found[f"{new}.mlp.c_fc.{kind}"] = model[f"{old}.mlp.fc1.{kind}"]
                found[f"{new}.mlp.c_proj.{kind}"] = model[f"{old}.mlp.fc2.{kind}"]
    vision, text = "vision_model.", "text_model."
    found["clip.visual.conv1.weight"] = model[f"{vision}embeddings.patch_embedding.weight"]
    found["clip.visual.class_embedding"] = model[f"{vision}embeddings.class_embedding"]
    found["clip.visual.positional_embedding"] = model[f"{vision}embeddings.position_embedding.weight"]
    found["clip.visual.proj"] = model["visual_projection.weight"].T
    found["clip.token_embedding.weight"] = model[f"{text}embeddings.token_embedding.weight"]
    found["clip.positional_embedding"] = model[f"{text}embeddings.position_embedding.weight"]
    found["clip.text_projection"] = model["text_projection.weight"].T
    found["clip.logit_scale"] = model["logit_scale"]
    for kind in ("weight", "bias"):
        found[f"clip.visual.ln_pre.{kind}"] = model[f"{vision}pre_layrnorm.{kind}"]
        found[f"clip.visual.ln_post.{kind}"] = model[f"{vision}post_layernorm.{kind}"]
        found[f"clip.ln_final.{kind}"] = model[f"{text}final_layer_norm.{kind}"]
    return {name: tensor.clone() for name, tensor in found.items()}


def transformer_state(name: str, layers: int) -> State:
    """Blocks as CLIP4Clip's heads have them."""
    shapes = {
        "attn.in_proj_weight": (3 * WIDTH, WIDTH),
        "attn.in_proj_bias": (3 * WIDTH,),
        "attn.out_proj.weight": (WIDTH, WIDTH),
        "attn.out_proj.bias": (WIDTH,),
        "ln_1.weight": (WIDTH,),
        "ln_1.bias": (WIDTH,),
        "ln_2.weight": (WIDTH,),
        "ln_2.bias": (WIDTH,),
        "mlp.c_fc.weight": (4 * WIDTH, WIDTH),
        "mlp.c_fc.bias": (4 * WIDTH,),
        "mlp.c_proj.weight": (WIDTH, 4 * WIDTH),
        "mlp.c_proj.bias": (WIDTH,),
    }
    blocks = [(f"{name}.resblocks.{layer}.{part}", shape) for layer in range(layers) for part, shape in shapes.items()]
    return {part: numbers(part, shape, 0.1) for part, shape in blocks}


def head_state(kind: str) -> State:
    """The head of a kind: seqTransf, seqLSTM, tightTransf, xclip (on seqTransf), wti2 (on seqTransf)."""
    if kind == "seqTransf":
        places = "frame_position_embeddings.weight"
        return {**transformer_state("transformerClip", 2), places: numbers(places, (12, WIDTH), 0.1)}
    if kind == "seqLSTM":
        gates = {"weight_ih_l0": (4 * WIDTH, WIDTH), "weight_hh_l0": (4 * WIDTH, WIDTH)}
        shapes = {**gates, "bias_ih_l0": (4 * WIDTH,), "bias_hh_l0": (4 * WIDTH,)}
        return {f"lstm_visual.{name}": numbers(name, shape, 0.1) for name, shape in shapes.items()}
    if kind == "tightTransf":
        shapes = {
            "cross.embeddings.position_embeddings.weight": (12, WIDTH),
            "cross.pooler.ln_pool.weight": (WIDTH,),
            "cross.pooler.ln_pool.bias": (WIDTH,),
            "cross.pooler.dense.weight": (WIDTH, WIDTH),
            "cross.pooler.dense.bias": (WIDTH,),
            "similarity_dense.weight": (1, WIDTH),
            "similarity_dense.bias": (1,),
        }
        return {
            **transformer_state("cross.transformer", 2),
            **{name: numbers(name, shape, 0.1) for name, shape in shapes.items()},
        }
    if kind == "xclip":
        sizes = {"global_mat_weight": WIDTH, "local_mat_weight": WIDTH}
        sizes |= dict.fromkeys(("word_logit_weight", "word_mat_weight", "word_mat_weight2"), 10)
        sizes |= dict.fromkeys(("frame_logit_weight", "frame_mat_weight", "frame_mat_weight2"), 4)
        return {**head_state("seqTransf"), **{name: numbers(name, (size, size), 0.1) for name, size in sizes.items()}}
    assert kind == "wti2"
    layers = {"0.weight": (WIDTH, WIDTH), "0.bias": (WIDTH,), "2.weight": (1, WIDTH), "2.bias": (1,)}
    names = [(f"{side}_weight_fc.{name}", shape) for side in ("text", "video") for name, shape in layers.items()]
    return {**head_state("seqTransf"), **{name: numbers(name, shape, 0.1) for name, shape in names}}


def blip_state() -> State:
    """The tiny BLIP with its authors' names, beside what their checkpoints hold for training."""
    found: dict[str, Any] = {}
    for name, tensor in blip_model().state_dict().items():
        old = name.replace("vision_model.embeddings.patch_embedding", "visual_encoder.patch_embed.proj")
        old = old.replace("vision_model.embeddings.class_embedding", "visual_encoder.cls_token")
        old = old.replace("vision_model.embeddings.position_embedding", "visual_encoder.pos_embed")
        old = old.replace("vision_model.post_layernorm", "visual_encoder.norm")
        old = re.sub(r"vision_model\.encoder\.layers\.(\d+)\.", r"visual_encoder.blocks.\1.", old)
        if old.startswith("visual_encoder.blocks."):
            for new, authors in (
                ("layer_norm", "norm"),
                ("self_attn.qkv", "attn.qkv"),
                ("self_attn.projection", "attn.proj"),
            ):
                old = old.replace(new, authors)
        found[old] = tensor.clone()
    trained = {"temp": torch.tensor(0.07), "image_queue": torch.zeros(4, 8), "text_queue": torch.zeros(4, 8)}
    trained |= {"queue_ptr": torch.zeros(1), "idx_queue": torch.zeros(1, 8)}
    trained |= {"text_proj_m.weight": torch.zeros(2, 2), "visual_encoder_m.norm.weight": torch.zeros(2)}
    return {**found, **trained, "text_encoder.embeddings.position_ids": torch.zeros(1, 40)}
