"""Texts to sparse vectors: stages `encode_documents` and `encode_queries`."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from sparsebench.contracts import LoadedEncoder
from sparsebench.encoding import Activation, AnyEngine, Engine, Pooling, cpu_engine
from sparsebench.encoding.engines import FASTEST_FIRST
from sparsebench.errors import ModelError
from sparsebench.types import Role
from speed.bench import Bench, Item, Run
from speed.machine import Limits
from speed.result import Result
from speed.stages.encode_peers import LENGTH, PEERS, SENTENCE_TRANSFORMERS, sentence_transformers

if TYPE_CHECKING:
    from scipy.sparse import csr_array
    from torch import Tensor

    from sparsebench_plugins.models.splade import Splade
    from sparsebench_plugins.models.splade.encoder import ModelSide


def items(bench: Bench) -> Iterator[Item]:
    """Documents and queries against the encoders in use, memory, and how cost grows with V."""
    documents, queries = bench.texts.documents, bench.texts.queries
    yield from _encode(bench, "document", documents[: bench.size(500, 20)])
    yield from _memory(bench, bench.size(2_000, 20))
    yield from _encode(bench, "query", queries[: bench.size(1_000, 50)])
    yield _vocabulary(bench)


def _encode(bench: Bench, role: Role, texts: Sequence[str]) -> Iterator[Item]:
    auto, folder = cpu_engine("auto"), checkpoint_folder(bench.checkpoint)
    ways = {f"{engine} (auto)" if engine == auto else engine: load(bench.checkpoint, engine) for engine in engines()}
    best = best_seconds(bench.limits, ways["reference"], folder, texts)
    limits = {way: best[way.removesuffix(" (auto)")] for way in ways}
    compare = partial(
        bench.compare,
        stage={"document": "encode_documents", "query": "encode_queries"}[role],
        unit="texts/s",
        value=lambda seconds: len(texts) / seconds,
    )
    subject = f"{len(texts):,} {'passages' if role == 'document' else 'queries'}"
    yield from compare(
        subject=subject,
        ours={way: partial(encoder.encode, texts, role) for way, encoder in ways.items()},
        peers={name: partial(make, folder, texts) for name, make in PEERS.items()},
        limit=limits,
    )
    yield from compare(
        subject=f"{subject}, tokens and body alone",
        ours=partial(without_decoder(bench.checkpoint, role).encode, texts),
        peers={},
    )
    if bench.size(True, False):  # compiling takes a minute
        yield from compare(
            subject=f"{subject}, {auto} (auto), compiled body",
            ours=partial(load(bench.checkpoint, compile=True).encode, texts, role),
            peers={"the body as it is": lambda: partial(load(bench.checkpoint).encode, texts, role)},
        )


def without_decoder(checkpoint: str, role: Role) -> ModelSide:
    """Ours, but nothing is decoded: every vector is empty."""
    from sparsebench_plugins.models.splade.encoder import ModelSide
    from sparsebench_plugins.models.splade.loading import load_side

    model = splade(checkpoint)
    side = load_side(model, model.open(role), role, "cpu")
    assert isinstance(side, ModelSide), "a checkpoint with a model for both roles is measured"

    def nothing(hidden: Tensor, lengths: np.ndarray, *, pooling: Pooling, activation: Activation) -> csr_array:
        from scipy.sparse import csr_array

        return csr_array((len(lengths), side.vocabulary.size), dtype=np.float32)

    return replace(side, decoder=nothing)


def engines() -> list[Engine]:
    """All that this machine can encode with; what `auto` passes over may be slow, or not to be had."""

    def has(engine: Engine) -> bool:
        try:
            return bool(cpu_engine(engine))
        except ModelError:
            return False

    return list(filter(has, FASTEST_FIRST))


def splade(checkpoint: str, **how: Any) -> Splade:
    """Ours."""
    from sparsebench_plugins.models.splade import Splade

    return Splade(checkpoint=checkpoint, max_query_length=LENGTH, max_document_length=LENGTH, **how)


def load(checkpoint: str, engine: AnyEngine = "auto", **how: Any) -> LoadedEncoder:
    """Ours, in memory."""
    return splade(checkpoint, engine=engine, **how).load("cpu")


def checkpoint_folder(checkpoint: str) -> Path:
    """Return the folder of the checkpoint."""
    from sparsebench.checkpoints import Files, Location

    return Location(checkpoint, None).folder(Files())


def best_seconds(limits: Limits, encoder: LoadedEncoder, folder: Path, texts: Sequence[str]) -> Mapping[str, float]:
    """Compute the seconds that products of body and decoder would take at best, for the tokens of the texts."""
    config = json.loads((folder / "config.json").read_text())
    hidden, inner = config["hidden_size"], config["intermediate_size"]
    body = config["num_hidden_layers"] * (4 * hidden**2 + 2 * hidden * inner) + hidden**2
    decoder = hidden * config["vocab_size"]
    operations = 2.0 * sum(min(len(ids) + 2, LENGTH) for ids in encoder.vocabulary.token_ids(texts))
    speed = {"exact_bf16": limits.gemm_bf16, "exact_int8": limits.gemm_int8}
    return {
        engine: operations * (body / limits.gemm + decoder / speed.get(engine, limits.gemm)) for engine in FASTEST_FIRST
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
    from sparsebench.provenance import peak_memory_mib
    from speed.texts import read_texts

    texts = read_texts().documents[:count]
    if who == "ours":
        load(checkpoint).encode(texts, "document")
    else:
        sentence_transformers(checkpoint_folder(checkpoint), texts)()
    sys.stdout.write(f"{peak_memory_mib()}\n")


def _vocabulary(bench: Bench) -> Item:
    """The decoder alone, of random weights that leave under 1 % active: V up to that of the largest tokenizers."""
    import torch

    from sparsebench.encoding import cpu_engine, decoder

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
