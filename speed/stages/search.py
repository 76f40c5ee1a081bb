"""Vectors to the k best documents of each query, and to dense blocks of scores: stage `search`."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from functools import partial
from typing import TYPE_CHECKING

import numpy as np

from sparsebench.search.inverted import InvertedIndex
from sparsebench.search.on_cpu import product_by_scipy
from speed.bench import Bench, Item, Run
from speed.stages.search_approximate import APPROXIMATE
from speed.stages.search_peers import EXACT, Case, Engine, Vectors

if TYPE_CHECKING:
    from scipy.sparse import csr_array

POSTING_BYTES = 6
DEPTHS = (10, 100, 1_000)
BLOCK = 16_384
JUDGED = 100
"""Queries that recall is taken over."""


def items(bench: Bench) -> Iterator[Item]:
    """Every size and depth against every engine; dense blocks; growth with D and with Q."""
    queries = bench.queries[: bench.size(1_000, 200)]
    sizes = bench.size((10_000, 30_000, 93_000, 200_000), (5_000, 20_000))
    cases = {size: _vectors(bench, queries, size) for size in sizes}
    for size, vectors in cases.items():
        engines = {**EXACT, **(APPROXIMATE if size == bench.size(93_000, 5_000) else {})}
        for k in DEPTHS:
            yield from _best(bench, Case(vectors, k), engines)
    yield from _blocks(bench, cases[sizes[1]])
    yield from _growth(bench, cases)


def _vectors(bench: Bench, queries: csr_array, size: int) -> Vectors:
    documents = bench.documents(size)
    return Vectors(queries, documents, InvertedIndex(documents))


def _best(bench: Bench, case: Case, engines: Mapping[str, Engine]) -> Iterator[Item]:
    vectors, notes = case.vectors, dict[str, str]()
    count, size = vectors.queries.shape[0], vectors.documents.shape[0]
    exact = vectors.index.top(vectors.queries[:JUDGED], case.k, vectors.order).scores

    def ready(name: str, engine: Engine) -> Run:
        run = engine.make(case)
        notes[name] = f"recall {recall(vectors, exact, engine.found(run())):.3f}"
        return run

    yield from bench.compare(
        stage="search",
        subject=f"D = {size:,}, k = {case.k:,}",
        unit="ms/query",
        value=lambda seconds: 1e3 * seconds / count,
        ours=partial(vectors.index.top, vectors.queries, case.k, vectors.order),
        peers={name: partial(ready, name, engine) for name, engine in engines.items()},
        limit=posting_bytes(vectors) / bench.limits.read,
        notes=notes,
    )


def posting_bytes(vectors: Vectors) -> float:
    """Count the bytes that the queries read of our index."""
    frequency = np.bincount(vectors.documents.indices, minlength=vectors.documents.shape[1])
    return float(POSTING_BYTES * frequency[vectors.queries.indices].sum())


def recall(vectors: Vectors, exact: np.ndarray, found: Iterable[Sequence[int] | np.ndarray]) -> float:
    """The mean share of the best scores `exact` (q, k) that an engine finds for the first q queries.

    Of documents that tie at the cut any will do.
    """
    shares = []
    for number, (best, documents) in enumerate(zip(exact, found, strict=False)):
        scores = (vectors.documents[list(documents)] @ vectors.queries[[number]].T).toarray()
        best = best[np.isfinite(best)]
        shares.append(min(1.0, np.count_nonzero(scores >= best.min() * (1 - 1e-5)) / len(best)))
    return float(np.mean(shares))


def _blocks(bench: Bench, vectors: Vectors) -> Iterator[Item]:
    """Dense scores for postprocessors."""
    queries, documents = vectors.queries, vectors.documents[:BLOCK]
    count = queries.shape[0]
    scores = np.empty((count, BLOCK), dtype=np.float32)
    yield from bench.compare(
        stage="search",
        subject=f"all scores of a block of {BLOCK:,} documents",
        unit="ms/query",
        value=lambda seconds: 1e3 * seconds / count,
        ours=partial(vectors.index.fill, queries, slice(0, BLOCK), scores),
        peers={
            "scipy, dense documents in tiles (ours without numba)": lambda: partial(_product, queries, documents),
            "scipy, sparse product": lambda: lambda: (queries @ documents.T).toarray(),
        },
    )


def _product(queries: csr_array, documents: csr_array) -> None:
    for start in range(0, documents.shape[0], 512):
        product_by_scipy(queries, documents[start : start + 512])


def _growth(bench: Bench, cases: Mapping[int, Vectors]) -> Iterator[Item]:
    def top(vectors: Vectors, queries: csr_array) -> Run:
        return partial(vectors.index.top, queries, 100, vectors.order)

    vectors = list(cases.values())[1]
    queries, count = vectors.queries, vectors.queries.shape[0]
    by_documents = {size: top(of_size, queries) for size, of_size in cases.items()}
    yield bench.grow("search", "D", "ms/query", by_documents, lambda seconds, _: 1e3 * seconds / count)
    by_queries = {size: top(vectors, queries[:size]) for size in (count // 8, count // 4, count // 2, count)}
    yield bench.grow("search", "Q", "ms", by_queries, lambda seconds, _: 1e3 * seconds)
