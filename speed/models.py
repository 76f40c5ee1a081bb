"""Checkpoints of the sizes that people run, with random weights: what speed depends on, and nothing else.

The decoder's bias is shifted so that about ACTIVE of a passage's logits are positive, as in a trained SPLADE: a random
decoder would make half of them active, and pooling as slow as it never is.
"""

from __future__ import annotations

import shutil
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from sparsebench.checkpoints import Files, Location

ACTIVE = 0.01
SAMPLE = 32


@dataclass(frozen=True)
class Size:
    """A BERT of some layers and a width; heads of 64 but for the smallest, whose two are as wide."""

    layers: int
    width: int

    def __str__(self) -> str:
        return f"{self.layers} x {self.width}"


SIZES = (Size(2, 128), Size(6, 384), Size(6, 768), Size(12, 768))


def random_checkpoint(size: Size, tokenizer_of: str, texts: Sequence[str], folder: Path) -> Path:
    """Write a checkpoint of this size to a folder, with the tokenizer of another, and return the folder."""
    import torch
    from transformers import AutoTokenizer, BertConfig, BertForMaskedLM

    source = Location(tokenizer_of, None).folder(Files())
    tokenizer = AutoTokenizer.from_pretrained(source)
    torch.manual_seed(0)
    config = BertConfig(
        vocab_size=len(tokenizer),
        hidden_size=size.width,
        num_hidden_layers=size.layers,
        num_attention_heads=max(2, size.width // 64),
        intermediate_size=4 * size.width,
        tie_word_embeddings=False,
    )
    model = BertForMaskedLM(config).eval()
    _shift(model, tokenizer, texts[:SAMPLE])
    model.save_pretrained(folder)
    for name in ("tokenizer.json", "tokenizer_config.json", "vocab.txt", "special_tokens_map.json"):
        if (source / name).is_file():
            shutil.copy(source / name, folder / name)
    return folder


def _shift(model: Any, tokenizer: Any, texts: Sequence[str]) -> None:
    """Move the bias so that of all maxima over a text's tokens ACTIVE are positive."""
    import torch

    with torch.inference_mode():
        maxima = []
        for text in texts:
            tokens = tokenizer(text, truncation=True, max_length=256, return_tensors="pt")
            maxima.append(model(**tokens).logits[0].amax(dim=0))
        least = torch.cat(maxima).float().kthvalue(int((1 - ACTIVE) * sum(map(len, maxima)))).values
    bias = model.get_output_embeddings().bias
    with torch.no_grad():
        bias -= least
