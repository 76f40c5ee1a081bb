"""Texts to sparse vectors: stages `encode_documents` and `encode_queries`."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np

from benchmark.contracts import LoadedEncoder
from benchmark.encoding import AnyEngine, Engine, cpu_engine
from benchmark.encoding.engines import FASTEST_FIRST
from benchmark.errors import ModelError
from benchmark.types import Role
from speed.bench import Bench, Item, Run
from speed.machine import Limits
from speed.result import Result

LENGTH = 256
SENTENCE_TRANSFORMERS = "sentence-transformers SparseEncoder"


def items(bench: Bench) -> Iterator[Item]:
    """Documents and queries against the encoders in use, memory, and how cost grows with V."""
    documents, queries = bench.texts.documents, bench.texts.queries
    yield from _encode(bench, "document", documents[: bench.size(500, 40)])
    yield from _memory(bench, bench.size(2_000, 40))
    yield from _encode(bench, "query", queries[: bench.size(1_000, 100)])
    yield _vocabulary(bench)


def _encode(bench: Bench, role: Role, texts: Sequence[str]) -> Iterator[Item]:
    ways = {engine: load(bench.checkpoint, engine) for engine in engines()}
    folder, auto = checkpoint_folder(bench.checkpoint), cpu_engine("auto")
    named = {engine: f"{engine} (auto)" if engine == auto else engine for engine in ways}
    best = best_seconds(bench.limits, ways["reference"], folder, texts)
    yield from bench.compare(
        stage={"document": "encode_documents", "query": "encode_queries"}[role],
        subject=f"{len(texts):,} {'passages' if role == 'document' else 'queries'}",
        unit="texts/s",
        value=lambda seconds: len(texts) / seconds,
        ours={named[engine]: partial(encoder.encode, texts, role) for engine, encoder in ways.items()},
        peers={name: partial(make, folder, texts) for name, make in PEERS.items()},
        limit={named[engine]: best[engine] for engine in ways},
    )


def engines() -> list[Engine]:
    """All that this machine can encode with; what `auto` passes over may be slow, or not to be had."""

    def has(engine: Engine) -> bool:
        try:
            return bool(cpu_engine(engine))
        except ModelError:
            return False

    return list(filter(has, FASTEST_FIRST))


def load(checkpoint: str, engine: AnyEngine = "auto") -> LoadedEncoder:
    """Ours."""
    from plugins.models.splade import Splade

    return Splade(checkpoint=checkpoint, engine=engine, max_query_length=LENGTH, max_document_length=LENGTH).load("cpu")


def checkpoint_folder(checkpoint: str) -> Path:
    """Where the checkpoint lies."""
    from benchmark.checkpoints import Files, Location

    return Location(checkpoint, None).folder(Files())


def best_seconds(limits: Limits, encoder: LoadedEncoder, folder: Path, texts: Sequence[str]) -> Mapping[str, float]:
    """What the products of body and decoder would take at best, for the tokens that the texts have."""
    config = json.loads((folder / "config.json").read_text())
    hidden, inner = config["hidden_size"], config["intermediate_size"]
    body = config["num_hidden_layers"] * (4 * hidden**2 + 2 * hidden * inner) + hidden**2
    decoder = hidden * config["vocab_size"]
    operations = 2.0 * sum(min(len(ids) + 2, LENGTH) for ids in encoder.vocabulary.token_ids(texts))
    speed = {"exact_bf16": limits.gemm_bf16, "exact_int8": limits.gemm_int8}
    return {
        engine: operations * (body / limits.gemm + decoder / speed.get(engine, limits.gemm)) for engine in FASTEST_FIRST
    }


def _sentence_transformers(folder: Path, texts: Sequence[str], batch: int = 32) -> Run:
    from sentence_transformers import SparseEncoder

    model = SparseEncoder(str(folder), device="cpu")
    model.max_seq_length = LENGTH
    return partial(model.encode, list(texts), batch_size=batch, show_progress_bar=False)


def _yasem(folder: Path, texts: Sequence[str]) -> Run:
    from yasem import SpladeEmbedder

    model = SpladeEmbedder(str(folder), device="cpu", max_seq_length=LENGTH, use_fp16=False)
    return partial(model.encode, list(texts), batch_size=32)


def _full_logits(folder: Path, texts: Sequence[str]) -> Run:
    """The loop of many papers' code: batches of 32 in the order given, all logits, then max(log(1 + relu(.)))."""
    import torch
    from transformers import AutoModelForMaskedLM, AutoTokenizer

    model, tokenizer = AutoModelForMaskedLM.from_pretrained(folder).eval(), AutoTokenizer.from_pretrained(folder)

    def run() -> None:
        with torch.inference_mode():
            for start in range(0, len(texts), 32):
                batch = list(texts[start : start + 32])
                tokens = tokenizer(batch, padding=True, truncation=True, max_length=LENGTH, return_tensors="pt")
                weights = torch.log1p(torch.relu(model(**tokens).logits)) * tokens["attention_mask"][:, :, None]
                weights.amax(dim=1).to_sparse_csr()

    return run


PEERS: Mapping[str, Callable[..., Run]] = {
    SENTENCE_TRANSFORMERS: _sentence_transformers,
    f"{SENTENCE_TRANSFORMERS}, batch 8": partial(_sentence_transformers, batch=8),
    "yasem": _yasem,
    "transformers, all logits at once": _full_logits,
}


def _memory(bench: Bench, count: int) -> Iterator[Item]:
    """Peak memory, each in a process of its own."""
    peaks = {who: _peak(bench, who, count) for who in ("ours", "theirs")}
    subject = f"peak memory, {count:,} passages"
    yield Result("encode_documents", subject, SENTENCE_TRANSFORMERS, peaks["ours"], peaks["theirs"], "MiB")


def _peak(bench: Bench, who: str, count: int) -> float:
    command = [sys.executable, "-m", "speed.stages.encode", who, bench.checkpoint, str(count)]
    return float(subprocess.run(command, check=True, capture_output=True, text=True).stdout)


def print_peak(who: str, checkpoint: str, count: int) -> None:
    """Encode `count` documents and print the peak memory of this process, MiB."""
    from benchmark.provenance import peak_memory_mib
    from speed.texts import read_texts

    texts = read_texts().documents[:count]
    if who == "ours":
        load(checkpoint).encode(texts, "document")
    else:
        _sentence_transformers(checkpoint_folder(checkpoint), texts)()
    sys.stdout.write(f"{peak_memory_mib()}\n")


def _vocabulary(bench: Bench) -> Item:
    """The decoder alone, of random weights that leave under 1 % active: V up to that of the largest tokenizers."""
    import torch

    from benchmark.encoding import cpu_engine, decoder

    generator, hidden = torch.Generator().manual_seed(0), 128
    lengths = np.full(64, 32)
    states = torch.randn(int(lengths.sum()), hidden, generator=generator)

    def decode(size: int) -> Run:
        weight, bias = torch.randn(size, hidden, generator=generator) / 8, torch.full((size,), -5.0)
        ready: Any = decoder(cpu_engine("auto"), weight, bias)
        return lambda: ready(states, lengths, pooling="max", activation="relu")

    sizes = {size: decode(size) for size in (8_000, 30_000, 60_000, 120_000, 250_000)}
    return bench.grow("encode_documents", "V", "ms for 2,048 tokens", sizes, lambda seconds, _: 1e3 * seconds)


if __name__ == "__main__":
    print_peak(sys.argv[1], sys.argv[2], int(sys.argv[3]))
