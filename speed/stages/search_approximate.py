"""The approximate engines that search is measured beside, with the recall that they reach."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import cache, lru_cache, partial
from itertools import pairwise
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any

import numpy as np

from sparsebench.workers import workers
from speed.bench import Run
from speed.stages.search_peers import Case, Engine, Vectors

if TYPE_CHECKING:
    from scipy.sparse import csr_array


@lru_cache(maxsize=1)
def _seismic_index(vectors: Vectors) -> Any:
    import seismic

    dataset = seismic.SeismicDataset()
    for number, (terms, weights) in enumerate(_rows(vectors.documents)):
        dataset.add_document(str(number), terms.astype("U").astype(seismic.get_seismic_string()), weights)
    return seismic.SeismicIndex.build_from_dataset(dataset)


def _seismic(case: Case, heap_factor: float) -> Run:
    import seismic

    kind, queries = seismic.get_seismic_string(), list(_rows(case.vectors.queries))
    names = [terms.astype("U").astype(kind) for terms, _ in queries]
    ids = np.array([str(number) for number in range(len(queries))], dtype=kind)
    options = {"k": case.k, "query_cut": 100, "heap_factor": heap_factor, "num_threads": workers()}
    search = _seismic_index(case.vectors).batch_search
    return partial(search, ids, names, [weights for _, weights in queries], **options)


@lru_cache(maxsize=1)
def _pisa_index(vectors: Vectors) -> Any:
    """Weights in hundredths, as it holds integers. The folder goes with the process."""
    from pyterrier_pisa import PisaIndex

    index = PisaIndex(f"{_folder().name}/index", stemmer="none", stops="none", threads=workers())
    entries = ({"docno": str(number), "toks": toks} for number, toks in enumerate(_toks(vectors.documents)))
    index.toks_indexer(scale=100.0).index(entries)
    return index


@cache
def _folder() -> TemporaryDirectory[str]:
    return TemporaryDirectory()


def _pisa(case: Case) -> Run:
    import pandas as pd

    engine = _pisa_index(case.vectors).quantized(num_results=case.k, query_algorithm="maxscore", threads=workers())
    toks = list(_toks(case.vectors.queries))
    return partial(engine.transform, pd.DataFrame({"qid": [str(row) for row in range(len(toks))], "query_toks": toks}))


def _toks(vectors: csr_array) -> Iterator[dict[str, float]]:
    for terms, weights in _rows(vectors):
        yield dict(zip(map(str, terms.tolist()), weights.tolist(), strict=True))


def _rows(vectors: csr_array) -> Iterator[tuple[np.ndarray, np.ndarray]]:
    for start, stop in pairwise(vectors.indptr):
        yield vectors.indices[start:stop], vectors.data[start:stop]


def _hits(results: Sequence[Sequence[tuple[str, float, str]]]) -> list[list[int]]:
    """Return the hits of queries in the order asked: with several threads they come in another one."""
    by_query = {int(hits[0][0]): [int(document) for _, _, document in hits] for hits in results if hits}
    return [by_query.get(number, []) for number in range(len(results))]


def _frame(results: Any) -> list[list[int]]:
    """Return the hits of queries in the order asked; those without a hit are left out, and there is none."""
    by_query = results.groupby(results["qid"].astype(int))["docno"]
    return [documents.astype(int).tolist() for _, documents in by_query]


APPROXIMATE = {
    "Seismic, heap factor .7": Engine(partial(_seismic, heap_factor=0.7), _hits),
    "Seismic, heap factor 1": Engine(partial(_seismic, heap_factor=1.0), _hits),
    "PISA, maxscore": Engine(_pisa, _frame),
}
