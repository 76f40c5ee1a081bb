"""Clips, captions and tiny models of the real architectures, made on the spot: nothing is downloaded."""

from __future__ import annotations

import json
import string
import zlib
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np

WIDTH = 64
IMAGE = 32
START, END = "<|startoftext|>", "<|endoftext|>"
COLOURS = {
    "red": (220, 30, 30),
    "green": (20, 200, 40),
    "blue": (30, 40, 210),
    "white": (240, 240, 240),
    "black": (10, 10, 10),
    "pink": (250, 120, 180),
}


def write_clip(path: Path, images: list[np.ndarray], fps: int = 5) -> None:
    """Write images (h, w, 3) as a video."""
    import av

    with av.open(str(path), "w") as container:
        stream = container.add_stream("mpeg4", rate=fps)
        stream.height, stream.width = images[0].shape[:2]
        stream.pix_fmt = "yuv420p"
        for image in images:
            container.mux(stream.encode(av.VideoFrame.from_ndarray(image, format="rgb24")))
        container.mux(stream.encode())


def moving_square(colour: tuple[int, int, int], frames: int, *, height: int = 48, width: int = 64) -> list[np.ndarray]:
    """A square of one colour that crosses a grey ground."""
    images = []
    for frame in range(frames):
        image = np.full((height, width, 3), 128, dtype=np.uint8)
        left = frame * (width - 16) // max(1, frames - 1)
        image[16:32, left : left + 16] = colour
        images.append(image)
    return images


def write_clips(folder: Path) -> Path:
    """A clip of 2 to 4 seconds for each colour, `red.mp4` and so on, and captions.csv: two splits of three videos."""
    folder.mkdir(parents=True, exist_ok=True)
    lines = ["video,caption,split"]
    for place, (name, colour) in enumerate(COLOURS.items()):
        write_clip(folder / f"{name}.mp4", moving_square(colour, 10 + 3 * place))
        split = "test" if place < 3 else "train"
        lines += [f'{name},"a {name} square moves",{split}', f"{name},something {name},{split}"]
    (folder / "captions.csv").write_text("\n".join(lines) + "\n", encoding="utf-8")
    return folder


def numbers(name: str, shape: tuple[int, ...], scale: float) -> Any:
    """Normal numbers that depend on the name alone."""
    import torch

    random = np.random.default_rng(zlib.crc32(name.encode()))
    return torch.from_numpy((random.standard_normal(shape) * scale).astype(np.float32))


def filled(module: Any) -> Any:
    """Give every parameter values of its own name, so that no version of torch changes them."""
    import torch

    with torch.no_grad():
        for name, parameter in module.named_parameters():
            if name.endswith("logit_scale"):
                parameter.fill_(float(np.log(100.0)))
            elif "norm" in name.lower() or "ln_" in name:
                parameter.copy_(numbers(name, tuple(parameter.shape), 0.1) + (1.0 if name.endswith("weight") else 0.0))
            else:
                parameter.copy_(numbers(name, tuple(parameter.shape), 0.2 if parameter.dim() < 2 else 0.15))
    return module.eval()


@cache
def clip_model() -> Any:
    """CLIP with two layers a tower."""
    from transformers import CLIPConfig, CLIPModel

    tower = {"hidden_size": WIDTH, "intermediate_size": 2 * WIDTH, "num_hidden_layers": 2, "num_attention_heads": 1}
    size = len(clip_vocabulary())
    marks = {"bos_token_id": size - 2, "eos_token_id": size - 1}
    text = {**tower, **marks, "vocab_size": size, "max_position_embeddings": 40}
    vision = {**tower, "image_size": IMAGE, "patch_size": 16}
    return filled(CLIPModel(CLIPConfig(text_config=text, vision_config=vision, projection_dim=WIDTH)))


def clip_vocabulary() -> dict[str, int]:
    """Letters, letters that end a word, and the two marks, which come last as in the real one."""
    names = ["!", *string.ascii_lowercase, *(f"{letter}</w>" for letter in string.ascii_lowercase), START, END]
    return {name: place for place, name in enumerate(names)}


def write_clip_checkpoint(folder: Path) -> Path:
    """A folder as the hub has them: config, weights, tokenizer."""
    folder.mkdir(parents=True, exist_ok=True)
    clip_model().save_pretrained(folder)
    write_clip_tokenizer(folder)
    return folder


def write_clip_tokenizer(folder: Path) -> None:
    """vocab.json and merges.txt of letters alone."""
    from transformers import CLIPTokenizer

    folder.mkdir(parents=True, exist_ok=True)
    (folder / "vocab.json").write_text(json.dumps(clip_vocabulary()))
    (folder / "merges.txt").write_text("#version: 0.2\n")
    CLIPTokenizer.from_pretrained(folder, unk_token=END, pad_token=END, model_max_length=40).save_pretrained(folder)


@cache
def blip_model() -> Any:
    """BLIP with two layers a tower."""
    from transformers import BlipConfig, BlipForImageTextRetrieval

    layers = {"num_hidden_layers": 2, "num_attention_heads": 1, "hidden_size": WIDTH, "intermediate_size": 2 * WIDTH}
    size = len(bert_vocabulary()) + 2
    text = {**layers, "vocab_size": size, "encoder_hidden_size": WIDTH}
    text |= {"max_position_embeddings": 40, "bos_token_id": size - 2, "sep_token_id": 3, "pad_token_id": 0}
    vision = {**layers, "image_size": IMAGE, "patch_size": 16}
    config = BlipConfig(text_config=text, vision_config={**vision, "layer_norm_eps": 1e-6}, image_text_hidden_size=24)
    model = filled(BlipForImageTextRetrieval(config))
    for projection in (model.text_proj, model.vision_proj):
        projection.bias.data += 1.0  # so that cosines are above 0, as those of real ones
    return model


def bert_vocabulary() -> list[str]:
    """Letters and pieces of one letter, in BERT's form. [DEC] and [ENC] come after, and are no tokens of texts."""
    marks = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]"]
    return [*marks, *string.ascii_lowercase, *(f"##{letter}" for letter in string.ascii_lowercase)]


def write_blip_checkpoint(folder: Path) -> Path:
    """A folder as the hub has them: config, weights, tokenizer."""
    folder.mkdir(parents=True, exist_ok=True)
    blip_model().save_pretrained(folder)
    write_bert_tokenizer(folder)
    return folder


def write_bert_tokenizer(folder: Path) -> None:
    """vocab.txt of letters alone."""
    from transformers import BertTokenizer

    folder.mkdir(parents=True, exist_ok=True)
    (folder / "vocab.txt").write_text("\n".join(bert_vocabulary()) + "\n")
    BertTokenizer.from_pretrained(folder).save_pretrained(folder)


def write_sparse_images(folder: Path) -> Path:
    """A sparse model of sentence-transformers: queries are their letters, documents images through the tiny CLIP."""
    import torch
    from sentence_transformers import SparseEncoder
    from sentence_transformers.base.modules import Router, Transformer
    from sentence_transformers.sparse_encoder.modules import SparseAutoEncoder, SparseStaticEmbedding
    from transformers import AutoTokenizer, CLIPImageProcessor

    parts = folder.parent / f"{folder.name}-parts"
    write_clip_checkpoint(parts / "clip")
    write_bert_tokenizer(parts / "bert")
    side = {"height": IMAGE, "width": IMAGE}
    CLIPImageProcessor(size={"shortest_edge": IMAGE}, crop_size=side).save_pretrained(parts / "clip")
    tokenizer = AutoTokenizer.from_pretrained(parts / "bert")
    head = SparseAutoEncoder(input_dim=WIDTH, hidden_dim=len(tokenizer), k=20)
    with torch.no_grad():
        for name, parameter in head.named_parameters():
            parameter.copy_(numbers(name, tuple(parameter.shape), 0.3))
    document = [Transformer(str(parts / "clip")), head]
    router = Router.for_query_document([SparseStaticEmbedding(tokenizer)], document)
    SparseEncoder(modules=[router], similarity_fn_name="dot").save_pretrained(str(folder))
    return folder
