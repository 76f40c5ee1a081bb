"""Exact search: ours on the device and on the CPU of the same machine, beside postings added up by index_add_."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Any

import numpy as np

from sparsebench.device import upload
from sparsebench.rank import tie_order
from sparsebench.search import LazyIndex, SparseScores
from speed.gpu.asked import Asked, Found

if TYPE_CHECKING:
    from scipy.sparse import csr_array

VOCABULARY = 30522
POSTING_BYTES = 6
AT_ONCE = 64


def found(asked: Asked) -> Found:
    """Queries a second, and whether the device's ranking has the bytes of the CPU's."""
    queries_n, documents_n, k = asked.sized(50, 1000), asked.sized(3000, 200_000), asked.sized(10, 1000)
    queries, documents = vectors(queries_n, 30, seed=1), vectors(documents_n, 180, seed=2)
    order = tie_order(np.array([f"{n:09}".encode() for n in range(documents_n)]))
    there, here = (
        SparseScores(queries, documents, device=device, index=LazyIndex(documents)) for device in (asked.device, "cpu")
    )
    same = [getattr(there.top(k, order), part).tobytes() == getattr(here.top(k, order), part).tobytes()
            for part in ("documents", "scores")]  # fmt: skip
    runs = {
        "ours on the device": partial(there.top, k, order),
        "ours on the CPU": partial(here.top, k, order),
        "postings by index_add_, order of sums not kept": Postings(documents, asked.device).run(queries, k),
    }
    lengths = np.diff(documents.tocsc().indptr)
    return {
        "queries": queries_n,
        "documents": documents_n,
        "k": k,
        "bytes": POSTING_BYTES * int(lengths[queries.indices].sum()),
        "same_bytes": all(same),
        "engine": there.index.on(asked.device).engine if there.index else None,
        "rivals": asked.rivals(runs, work=queries_n),
    }


def vectors(rows: int, mean: int, *, seed: int) -> csr_array:
    """Random ones (rows, V) whose dimensions are as unevenly used as those of SPLADE, about by Zipf's law."""
    from scipy.sparse import csr_array

    chance = np.random.default_rng(seed)
    likely = 1 / (np.arange(VOCABULARY) + 20.0) ** 0.8
    where = np.searchsorted(np.cumsum(likely / likely.sum()), chance.random(rows * mean)).clip(max=VOCABULARY - 1)
    data = chance.lognormal(-0.7, 0.6, rows * mean).astype(np.float32)
    made = csr_array((data, (np.repeat(np.arange(rows), mean), where)), shape=(rows, VOCABULARY))
    made.sum_duplicates()
    return made


class Postings:
    """Search as one writes it in an afternoon: a query's postings, added up into its row."""

    def __init__(self, documents: csr_array, device: str) -> None:
        by_term = documents.tocsc()
        self._size, self._device = documents.shape[0], device
        parts = by_term.indptr.astype(np.int64), by_term.indices.astype(np.int64), by_term.data
        self._starts, self._numbers, self._weights = (upload(part, device) for part in parts)

    def run(self, queries: csr_array, k: int) -> Any:
        """The k best of all queries."""
        return partial(self._all, queries, k)

    def _all(self, queries: csr_array, k: int) -> list[Any]:
        starts = range(0, queries.shape[0], AT_ONCE)
        return [self._some(queries[start : start + AT_ONCE], k).indices.cpu() for start in starts]

    def _some(self, queries: csr_array, k: int) -> Any:
        import torch

        rows_host = np.repeat(np.arange(queries.shape[0]), np.diff(queries.indptr))
        parts = queries.indices.astype(np.int64), rows_host, queries.data
        terms, rows, factors = (torch.from_numpy(part).to(self._device) for part in parts)
        begin = self._starts[terms]
        lengths = self._starts[terms + 1] - begin
        owner = torch.repeat_interleave(torch.arange(len(terms), device=self._device), lengths)
        place = torch.arange(len(owner), device=self._device) - (lengths.cumsum(0) - lengths - begin)[owner]
        scores = torch.zeros(queries.shape[0] * self._size, device=self._device)
        scores.index_add_(0, rows[owner] * self._size + self._numbers[place], factors[owner] * self._weights[place])
        return scores.view(queries.shape[0], -1).topk(min(k, self._size), dim=1)
