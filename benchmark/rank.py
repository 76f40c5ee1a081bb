"""The one place that orders documents and breaks ties: score descending, then doc_id descending in bytes.

That is trec_eval's rule, so that its users get our figures from our runs. No other module sorts by score.
"""

from __future__ import annotations

import gzip
import math
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from benchmark.errors import ScoreError
from benchmark.lines import Mistakes, parse_lines
from benchmark.types import Ranking, Run

if TYPE_CHECKING:
    from torch import Tensor


def tie_order(doc_ids: np.ndarray) -> np.ndarray:
    """(D,) UTF-8 bytes -> (D,) int64: the place of each document among all ids in descending order."""
    order = np.empty(len(doc_ids), dtype=np.int64)
    order[np.argsort(doc_ids)[::-1]] = np.arange(len(doc_ids))
    return order


class _Hits(NamedTuple):
    """Scored pairs: query rows, documents, scores, all (n,)."""

    rows: np.ndarray
    documents: np.ndarray
    scores: np.ndarray


class TopK:
    """The k best documents of each of Q queries, from blocks of documents in any order and of any size.

    Exact, ties at the cut included. Blocks stay on their device; what could still rank moves to the CPU.
    order: (D,) as `tie_order` gives it.
    """

    def __init__(self, query_count: int, k: int, order: np.ndarray) -> None:
        self._queries, self._k, self._order = query_count, k, order
        self._kept = _Hits(np.empty(0, np.int64), np.empty(0, np.int64), np.empty(0))
        self._pending: list[_Hits] = []
        self._bound = np.full(query_count, -np.inf)

    def add(self, columns: slice, scores: Tensor, candidates: Tensor | None = None) -> None:
        """Take in scores (Q, d) of the documents `columns`.

        candidates: (Q, d) bool, which pairs may be ranked at all. A score of -inf says the same of one pair.
        Raises ScoreError for NaN.
        """
        import torch

        _refuse_nan(columns, scores)
        bound = torch.from_numpy(self._bound).to(scores.device, scores.dtype)
        wanted = (scores > -torch.inf) & (scores >= bound[:, None])
        if candidates is not None:
            wanted &= candidates
        order = torch.from_numpy(self._order[columns]).to(scores.device)
        rows, places = _cut(wanted, scores, order, self._k).nonzero(as_tuple=True)
        found = scores[rows, places].cpu().to(torch.float64).numpy()
        self._pending.append(_Hits(rows.cpu().numpy(), places.cpu().numpy() + columns.start, found))
        # Ordering is cheap per pair when it is done for many at once, and the bound needs no more than that.
        if sum(len(hits.rows) for hits in self._pending) >= self._queries * self._k:
            self._compact()

    def ranking(self) -> Ranking:
        """The result so far."""
        self._compact()
        rows, places = self._kept.rows, _places(self._kept.rows)
        documents = np.full((self._queries, self._k), -1, dtype=np.int64)
        scores = np.full((self._queries, self._k), -np.inf)
        documents[rows, places] = self._kept.documents
        scores[rows, places] = self._kept.scores
        return Ranking(documents=documents, scores=scores)

    def _compact(self) -> None:
        hits = _Hits(*map(np.concatenate, zip(self._kept, *self._pending, strict=True)))
        best_first = np.lexsort((self._order[hits.documents], -hits.scores, hits.rows))
        places = _places(hits.rows[best_first])
        kept = best_first[places < self._k]
        self._kept = _Hits(*(column[kept] for column in hits))
        self._pending = []
        last = best_first[places == self._k - 1]
        self._bound[hits.rows[last]] = hits.scores[last]


def _places(rows: np.ndarray) -> np.ndarray:
    """Places within runs of equal values: [3, 3, 5] -> [0, 1, 0]."""
    return np.arange(len(rows)) - np.searchsorted(rows, rows)


def _refuse_nan(columns: slice, scores: Tensor) -> None:
    nan = scores.isnan()
    if bool(nan.any()):
        row, place = nan.nonzero()[0].tolist()
        raise ScoreError(f"the score of query row {row} and document {columns.start + place} is not a number (NaN)")


def _cut(wanted: Tensor, scores: Tensor, order: Tensor, k: int) -> Tensor:
    """Narrow `wanted` (Q, d) to fewer than 2 k of each row, its k best among them.

    torch.topk alone would choose among ties as it likes: here it only finds where to cut.
    """
    import torch

    if scores.shape[1] <= k or int(wanted.sum(dim=1).max()) <= k:
        return wanted
    wanted_scores = scores.where(wanted, -torch.inf)
    kth = wanted_scores.topk(k, dim=1).values[:, -1:]  # -inf in rows that want fewer than k
    tied = wanted & (scores == kth)
    tied_order = torch.where(tied, order, torch.iinfo(order.dtype).max)
    last = tied_order.topk(k, dim=1, largest=False).values[:, -1:]
    return (wanted_scores > kth) | (tied & (order <= last))


def best_of_rows(scores: np.ndarray, k: int) -> np.ndarray:
    """Columns (X, k) int64 of the k best scores above 0 of each row (X, d), best first, -1 where there are fewer.

    Of equal scores, compared as float32, the leftmost is best: columns stand in tie_order. TopK does the same for many
    documents; this is for many rows.
    """
    width = scores.shape[1]
    # The bits of floats from 0 up are in the order of the floats. Beneath them, columns in reverse: no two keys tie.
    bits = np.where(scores > 0, scores, 0).astype(np.float32).view(np.int32).astype(np.int64)
    keys = bits << 32 | np.arange(width)[::-1]
    if width > k:
        keys = np.partition(keys, width - k, axis=1)[:, width - k :]
    best = np.sort(keys, axis=1)[:, ::-1]
    columns = np.full((len(scores), k), -1, dtype=np.int64)
    columns[:, : best.shape[1]] = np.where(best >> 32 > 0, width - 1 - (best & 0xFFFFFFFF), -1)
    return columns


def to_run(ranking: Ranking, query_ids: Sequence[str], doc_ids: np.ndarray, *, exclude_own_id: bool = False) -> Run:
    """The ranking (Q, k) as a run. Scores are rounded to float32, which is what trec_eval and others compare, and
    where one would tie with the one before it, it is the next smaller float32: every tool sees this very order.

    exclude_own_id: drop a hit on the query's own id (ArguAna, Quora). Rank one document more than the depth you want:
    the result has at most k - 1 a query.
    """
    depth = ranking.documents.shape[1] - exclude_own_id
    run = {}
    for query_id, documents, scores in zip(query_ids, ranking.documents, ranking.scores, strict=True):
        found = documents >= 0
        hits = zip((each.decode() for each in doc_ids[documents[found]].tolist()), scores[found], strict=True)
        kept = [(doc_id, score) for doc_id, score in hits if not (exclude_own_id and doc_id == query_id)]
        run[query_id] = _decreasing(kept[:depth])
    return run


def _decreasing(best_first: Sequence[tuple[str, float]]) -> dict[str, float]:
    run, bound = {}, np.float32(np.inf)
    for doc_id, score in best_first:
        bound = min(np.float32(score), np.nextafter(bound, np.float32(-np.inf)))
        run[doc_id] = float(bound)
    return run


def untied(hits: Mapping[str, Mapping[str, float]]) -> Run:
    """Scored documents of each query, in any order, as a run without ties, not even as float32.

    Raises ScoreError for NaN.
    """
    return {query_id: _untied(query_id, documents) for query_id, documents in hits.items()}


def _untied(query_id: str, documents: Mapping[str, float]) -> Mapping[str, float]:
    if any(score != score for score in documents.values()):
        raise ScoreError(f"query {query_id!r} has a score that is not a number (NaN)")
    # Code points of strings and bytes of their UTF-8 are in the same order.
    return _by_place(sorted(documents, key=lambda doc_id: (documents[doc_id], doc_id), reverse=True))


def _by_place(best_first: Sequence[str]) -> dict[str, float]:
    return {doc_id: float(len(best_first) - place) for place, doc_id in enumerate(best_first)}


def write_trec(path: Path, run: Mapping[str, Mapping[str, float]], *, tag: str) -> None:
    """Write `query Q0 doc rank score tag` lines, gzipped where the name ends in .gz; same run, same bytes."""
    lines = (
        f"{query_id} Q0 {doc_id} {place} {score!r} {tag}\n"
        for query_id, documents in run.items()
        for place, (doc_id, score) in enumerate(documents.items(), start=1)
    )
    with path.open("wb") as file:
        if path.suffix == ".gz":
            # Neither the time nor the file's name goes into the header.
            with gzip.GzipFile(filename="", mode="wb", fileobj=file, mtime=0) as packed:
                packed.writelines(line.encode() for line in lines)
        else:
            file.writelines(line.encode() for line in lines)


def read_trec(path: Path) -> dict[str, dict[str, float]]:
    """Read a TREC run (plain or .gz): query_id -> doc_id -> score, in the file's order and with its ties.

    Raises ScoreError that names every malformed line, score that is no number, and document given twice.
    """
    run: dict[str, dict[str, float]] = {}
    with Mistakes(ScoreError) as mistakes:
        for number, (query_id, doc_id, score) in parse_lines(path, _parse_trec, mistakes, kind=ScoreError):
            documents = run.setdefault(query_id, {})
            if doc_id in documents:
                mistakes.add(f"{path}:{number}", f"document {doc_id!r} of query {query_id!r} is already in the run")
            documents[doc_id] = score
    return run


def _parse_trec(line: str) -> tuple[str, str, float]:
    fields = line.split()
    if len(fields) != 6:
        raise ValueError(f"a run has 6 columns (query Q0 doc rank score tag), this line has {len(fields)}")
    try:
        score = float(fields[4])
    except ValueError:
        score = math.nan
    if math.isnan(score):
        raise ValueError(f"the score {fields[4]!r} is not a number")
    return fields[0], fields[2], score
