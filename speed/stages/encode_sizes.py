"""Encoding by the size of the model, beside the backends that people run: stage `encode_sizes`."""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Iterator, Sequence
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from sparsebench.collection import BeirFolder
from sparsebench.encoding import AnyEngine, cpu_engine
from sparsebench.measures import aggregate, measure
from sparsebench.rank import tie_order, to_run
from sparsebench.search import SparseScores
from sparsebench.types import Role, Topics
from speed.backends import Backend, BackendPeer
from speed.bench import Bench, Item, Missing, Run
from speed.models import SIZES, Size, random_checkpoint
from speed.result import Result
from speed.stages.encode import best_seconds, checkpoint_folder, load
from speed.stages.encode_peers import SENTENCE_TRANSFORMERS, sentence_transformers
from speed.texts import MINI

if TYPE_CHECKING:
    from scipy.sparse import csr_array

STAGE = "encode_sizes"
BACKENDS = (Backend("onnx"), Backend("onnx", "int8"), Backend("openvino"))
TEXTS = {"document": 24, "query": 120}
"""Of the largest model; smaller ones get as many more as they are quicker."""
INT8 = Backend("onnx", "int8")


def items(bench: Bench) -> Iterator[Item]:
    """Documents and queries for each size, then what int8 does to the vectors and to a measure."""
    for size in bench.size(SIZES, SIZES[:1]):
        with tempfile.TemporaryDirectory() as name:
            folder = random_checkpoint(size, bench.checkpoint, bench.texts.documents, Path(name))
            yield from _side_by_side(bench, size, folder, "document", bench.texts.documents)
            yield from _side_by_side(bench, size, folder, "query", bench.texts.queries)
    if bench.size(True, False):
        yield from _what_int8_does(bench)


def _side_by_side(bench: Bench, size: Size, folder: Path, role: Role, texts: Sequence[str]) -> Iterator[Item]:
    most = SIZES[-1].layers * SIZES[-1].width
    texts = texts[: bench.size(min(TEXTS[role] * most // (size.layers * size.width), 2_000), 20)]
    auto: AnyEngine = cpu_engine("auto")
    ways = {f"{auto} (auto)": load(str(folder)), "numba": load(str(folder), "numba")}
    best = best_seconds(bench.limits, ways["numba"], folder, texts)
    named: dict[str, Callable[..., Run]] = {
        SENTENCE_TRANSFORMERS: sentence_transformers,
        **{str(backend): backend for backend in BACKENDS},
    }
    yield from bench.compare(
        stage=STAGE,
        subject=f"{size}, {len(texts):,} {'passages' if role == 'document' else 'queries'}",
        unit="texts/s",
        value=lambda seconds: len(texts) / seconds,
        ours={way: partial(encoder.encode, texts, role) for way, encoder in ways.items()},
        peers={name: partial(make, folder, texts) for name, make in named.items()},
        limit=dict.fromkeys(ways, best["numba"]),  # of the products in float32, whatever the engine computes in
    )


def _what_int8_does(bench: Bench) -> Iterator[Item]:
    """Measure it on the bench's own checkpoint, whose weights are trained, and a collection of the package."""
    source = BeirFolder(MINI / "web", "mini/web")
    documents, topics = list(source.documents()), source.topics("test")
    texts = [document.text for document in documents], [query.text for query in topics.queries]
    folder, ours = checkpoint_folder(bench.checkpoint), load(bench.checkpoint)
    try:
        rough = tuple(BackendPeer(INT8, folder, some).vectors() for some in texts)
    except Exception as error:  # one peer that cannot be had
        yield Missing(STAGE, f"{INT8}: what it does to vectors", f"{type(error).__name__}: {error}")
        return
    exact = ours.encode(texts[0], "document").vectors, ours.encode(texts[1], "query").vectors
    flipped = abs((exact[0] != 0).astype(np.int8) - (rough[0] != 0).astype(np.int8)).sum() / exact[0].nnz
    ids = np.array([document.doc_id.encode() for document in documents])
    ndcg = [_ndcg(queries, vectors, topics, ids) for vectors, queries in (exact, rough)]
    yield Result(
        STAGE,
        f"{INT8}: active entries gained or lost, mini/web, {len(documents):,} passages",
        None,
        100 * float(flipped),
        None,
        "% of those of float32",
        note=f"weights off by {abs(exact[0] - rough[0]).max():.3g} at most; nDCG@10 {ndcg[1]:.4f} for {ndcg[0]:.4f}",
    )


def _ndcg(queries: csr_array, documents: csr_array, topics: Topics, doc_ids: np.ndarray) -> float:
    """Return the mean nDCG@10 of vectors (Q, V) searching vectors (D, V)."""
    top = SparseScores(queries, documents).top(100, tie_order(doc_ids))
    run = to_run(top, [query.query_id for query in topics.queries], doc_ids)
    return aggregate(measure(run, topics.qrels, ["nDCG@10"]))["nDCG@10"]
