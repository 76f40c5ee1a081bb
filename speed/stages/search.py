"""Vectors to the k best documents of each query, and to dense blocks of scores: stage `search`."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from itertools import pairwise
from typing import TYPE_CHECKING, Any

import numpy as np

from benchmark.rank import tie_order
from benchmark.search.inverted import InvertedIndex
from benchmark.search.sparse import product_by_scipy
from benchmark.workers import workers
from speed.bench import Bench, Item, Make, Missing, Run

if TYPE_CHECKING:
    from scipy.sparse import csr_array

POSTING_BYTES = 6
DEPTHS = (10, 100, 1_000)
BLOCK = 16_384


@dataclass(frozen=True, eq=False)
class Case:
    """Queries (Q, V) and documents (D, V), our index of them, and the depth."""

    queries: csr_array
    documents: csr_array
    index: InvertedIndex
    k: int

    @property
    def order(self) -> np.ndarray:
        """Ties by doc_id."""
        return tie_order(np.arange(self.documents.shape[0]).astype("S"))

    @property
    def posting_bytes(self) -> float:
        """What the queries read of our index."""
        frequency = np.bincount(self.documents.indices, minlength=self.documents.shape[1])
        return float(POSTING_BYTES * frequency[self.queries.indices].sum())


@dataclass(frozen=True)
class Engine:
    """A peer. make: a case -> its search, ready to run. found: what a search returns -> documents of each query."""

    make: Callable[[Case], Run]
    found: Callable[[Any], Iterable[Sequence[int] | np.ndarray]] = np.asarray


def items(bench: Bench) -> Iterator[Item]:
    """Every size and depth against every engine; dense blocks; growth with D and with Q."""
    queries = bench.queries[: bench.size(1_000, 200)]
    sizes = bench.size((10_000, 30_000, 93_000, 200_000), (10_000, 30_000))
    cases = {size: _case(bench, queries, size) for size in sizes}
    for size, case in cases.items():
        engines = {**EXACT, **(APPROXIMATE if size == 93_000 else {})}
        for k in DEPTHS:
            yield from _best(bench, Case(case.queries, case.documents, case.index, k), engines)
    yield from _blocks(bench, cases[30_000])
    yield from _growth(bench, cases)


def _case(bench: Bench, queries: csr_array, size: int) -> Case:
    documents = bench.documents(size)
    return Case(queries, documents, InvertedIndex(documents), 100)


def _best(bench: Bench, case: Case, engines: Mapping[str, Engine]) -> Iterator[Item]:
    count = case.queries.shape[0]
    peers: dict[str, Make] = {}
    notes = {}
    for name, engine in engines.items():
        try:
            run = engine.make(case)
        except ImportError as error:
            yield Missing("search", name, str(error))
            continue
        peers[name] = partial(_ready, run)
        notes[name] = f"recall {recall(case, engine.found(run())):.3f}"
    yield from bench.compare(
        stage="search",
        subject=f"D = {case.documents.shape[0]:,}, k = {case.k:,}",
        unit="ms/query",
        value=lambda seconds: 1e3 * seconds / count,
        ours=partial(case.index.top, case.queries, case.k, case.order),
        peers=peers,
        limit=case.posting_bytes / bench.limits.read,
        notes=notes,
    )


def _ready(run: Run) -> Run:
    return run


def recall(case: Case, found: Iterable[Sequence[int] | np.ndarray]) -> float:
    """The mean share of the k best that an engine finds; of documents that tie at the cut any will do."""
    exact = case.index.top(case.queries, case.k, case.order).scores
    shares = []
    for number, (best, documents) in enumerate(zip(exact, found, strict=True)):
        scores = (case.documents[list(documents)] @ case.queries[[number]].T).toarray()
        least = best[np.isfinite(best)].min()
        shares.append(min(1.0, np.count_nonzero(scores >= least * (1 - 1e-5)) / np.count_nonzero(np.isfinite(best))))
    return float(np.mean(shares))


def _scipy(case: Case) -> Run:
    by_term = case.documents.T.tocsr()

    def run() -> list[np.ndarray]:
        scores = case.queries @ by_term
        return [_largest(scores, start, stop, case.k) for start, stop in pairwise(scores.indptr)]

    return run


def _largest(scores: csr_array, start: int, stop: int, k: int) -> np.ndarray:
    values, documents = scores.data[start:stop], scores.indices[start:stop]
    some = np.argpartition(-values, k)[:k] if len(values) > k else np.arange(len(values))
    found: np.ndarray = documents[some[np.argsort(-values[some], kind="stable")]]
    return found


def _torch(case: Case) -> Run:
    import torch

    documents, queries = case.documents, case.queries
    rows, columns, values = (torch.from_numpy(part) for part in (documents.indptr, documents.indices, documents.data))
    matrix = torch.sparse_csr_tensor(rows.long(), columns.long(), values, documents.shape)

    def run() -> np.ndarray:
        parts = []
        for start in range(0, queries.shape[0], 64):
            scores = matrix @ torch.from_numpy(queries[start : start + 64].toarray().T.copy())
            parts.append(scores.T.contiguous().topk(case.k).indices)
        return torch.cat(parts).numpy()

    return run


def _sparse_dot_topn(case: Case) -> Run:
    from scipy.sparse import csr_matrix
    from sparse_dot_topn import sp_matmul_topn

    queries, by_term = csr_matrix(case.queries), csr_matrix(case.documents.T.tocsr())
    return partial(sp_matmul_topn, queries, by_term, top_n=case.k, sort=True, n_threads=workers())


def _splade_index(case: Case) -> Run:
    from splade_index import SPLADE

    engine = SPLADE(backend="numba")
    by_term = case.documents.tocsc()
    by_term.sort_indices()
    engine.model, engine.corpus = Encoded(case.queries), np.empty(case.documents.shape[0], dtype=object)
    engine.document_ids = np.arange(case.documents.shape[0])
    engine.scores = {
        "data": by_term.data,
        "indices": by_term.indices.astype(np.int32),
        "indptr": by_term.indptr.astype(np.int32),
        "num_docs": case.documents.shape[0],
    }
    texts = [""] * case.queries.shape[0]
    return lambda: engine.retrieve(texts, k=case.k, return_as="doc_ids", show_progress=False, n_threads=workers())


class Encoded:
    """In the place of splade-index's model: vectors that were encoded before."""

    def __init__(self, queries: csr_array) -> None:
        import torch

        entries = (torch.from_numpy(part) for part in (queries.indptr, queries.indices.astype(np.int64), queries.data))
        starts, terms, weights = entries
        self._vectors = [
            torch.sparse_coo_tensor(terms[start:stop][None], weights[start:stop], queries.shape[1:]).coalesce()
            for start, stop in pairwise(starts.tolist())
        ]

    def encode_query(self, queries: Sequence[str], **_: object) -> list[Any]:
        """What was encoded before."""
        return self._vectors


def _seismic(case: Case, heap_factor: float) -> Run:
    import seismic

    kind = seismic.get_seismic_string()
    dataset = seismic.SeismicDataset()
    for number, (terms, weights) in enumerate(_rows(case.documents)):
        dataset.add_document(str(number), terms.astype("U").astype(kind), weights)
    index = seismic.SeismicIndex.build_from_dataset(dataset)
    queries = list(_rows(case.queries))
    names = [terms.astype("U").astype(kind) for terms, _ in queries]
    ids = np.array([str(number) for number in range(len(queries))], dtype=kind)
    options = {"k": case.k, "query_cut": 100, "heap_factor": heap_factor, "num_threads": workers()}
    return partial(index.batch_search, ids, names, [weights for _, weights in queries], **options)


def _rows(vectors: csr_array) -> Iterator[tuple[np.ndarray, np.ndarray]]:
    for start, stop in pairwise(vectors.indptr):
        yield vectors.indices[start:stop], vectors.data[start:stop]


def _hits(results: Sequence[Sequence[tuple[str, float, str]]]) -> list[list[int]]:
    return [[int(document) for _, _, document in hits] for hits in results]


def _matrix_rows(found: Any) -> list[np.ndarray]:
    return [found.indices[start:stop] for start, stop in pairwise(found.indptr)]


EXACT = {
    "splade-index (numba)": Engine(_splade_index),
    "sparse_dot_topn": Engine(_sparse_dot_topn, _matrix_rows),
    "scipy": Engine(_scipy, list),
    "torch": Engine(_torch),
}
APPROXIMATE = {
    "Seismic, heap factor .7": Engine(partial(_seismic, heap_factor=0.7), _hits),
    "Seismic, heap factor 1": Engine(partial(_seismic, heap_factor=1.0), _hits),
}


def _blocks(bench: Bench, case: Case) -> Iterator[Item]:
    """Dense scores for postprocessors."""
    count, documents = case.queries.shape[0], case.documents[:BLOCK]
    scores = np.empty((count, BLOCK), dtype=np.float32)
    yield from bench.compare(
        stage="search",
        subject=f"all scores of a block of {BLOCK:,} documents",
        unit="ms/query",
        value=lambda seconds: 1e3 * seconds / count,
        ours=partial(case.index.fill, case.queries, slice(0, BLOCK), scores),
        peers={
            "scipy, dense documents in tiles (ours without numba)": lambda: partial(_product, case.queries, documents),
            "scipy, sparse product": lambda: lambda: (case.queries @ documents.T).toarray(),
        },
    )


def _product(queries: csr_array, documents: csr_array) -> None:
    for start in range(0, documents.shape[0], 512):
        product_by_scipy(queries, documents[start : start + 512])


def _growth(bench: Bench, cases: Mapping[int, Case]) -> Iterator[Item]:
    by_documents = {size: partial(case.index.top, case.queries, 100, case.order) for size, case in cases.items()}
    count = next(iter(cases.values())).queries.shape[0]
    yield bench.grow("search", "D", "ms/query", by_documents, lambda seconds, _: 1e3 * seconds / count)
    case = cases[30_000]
    sizes = [count // 8, count // 4, count // 2, count]
    by_queries = {size: partial(case.index.top, case.queries[:size], 100, case.order) for size in sizes}
    yield bench.grow("search", "Q", "ms", by_queries, lambda seconds, _: 1e3 * seconds)
