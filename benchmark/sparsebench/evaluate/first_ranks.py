"""The rank of the first relevant answer, counted on all scores: no depth of a run cuts it (METHODS 3.8b)."""

from __future__ import annotations

import csv
import io
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from sparsebench.evaluate.answers import Answers
from sparsebench.types import Block, Topics

if TYPE_CHECKING:
    from torch import Tensor

Passes = Callable[[], Iterable[tuple[Block, "Tensor"]]]
"""Corrected scores (q, a) and which pairs may be ranked, any number of times."""


@dataclass(frozen=True, eq=False)
class Relevant:
    """The relevant answers of Q queries.

    rows, places: (n,) int64, query and answer of each pair, rows ascending. own: (Q,) int64, the answer with the own id
    of a query where that is dropped, else -1.
    """

    rows: np.ndarray
    places: np.ndarray
    own: np.ndarray

    @classmethod
    def of(cls, topics: Topics, answers: Answers, *, drop_own_id: bool) -> Relevant:
        """Collect the documents with a grade above 0 that are among the answers."""
        judged = answers.judged(topics.qrels)
        wanted = {doc_id.encode() for grades in judged.values() for doc_id in grades}
        if drop_own_id:
            wanted |= {query.query_id.encode() for query in topics.queries}
        found = np.flatnonzero(np.isin(answers.ids, np.array(sorted(wanted), dtype=np.bytes_)))
        place_of = {answers.ids[place]: place for place in found.tolist()}
        pairs = [
            (row, place_of[doc_id.encode()])
            for row, query in enumerate(topics.queries)
            for doc_id, grade in judged.get(query.query_id, {}).items()
            if grade > 0 and doc_id.encode() in place_of
        ]
        own = [place_of.get(query.query_id.encode(), -1) if drop_own_id else -1 for query in topics.queries]
        rows, places = np.array(pairs, dtype=np.int64).reshape(-1, 2).T
        return cls(rows, places, np.array(own, dtype=np.int64))

    def some(self, start: int, stop: int) -> Relevant:
        """Select the queries start to stop."""
        chosen = slice(*np.searchsorted(self.rows, [start, stop]))
        return Relevant(self.rows[chosen] - start, self.places[chosen], self.own[start:stop])


def first_ranks(passes: Passes, relevant: Relevant, order: np.ndarray) -> np.ndarray:
    """Rank, from 1, of the first relevant answer of each query among all that may be ranked, (q,) int64; the number of
    all answers where none may be. order: (A,), what breaks ties.
    """
    scores, places = _best(passes(), relevant, order)
    better = np.zeros(len(scores), dtype=np.int64)
    for block, candidates in passes():
        better += _better(block, candidates, relevant.own, scores, places, order)
    return np.where(scores > -np.inf, better + 1, len(order))


def _best(
    blocks: Iterable[tuple[Block, Tensor]], relevant: Relevant, order: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """Score (q,) and place in the order (q,) of the first relevant answer of each query; -inf where there is none."""
    best, at = np.full(len(relevant.own), -np.inf), np.full(len(relevant.own), len(order))
    for block, candidates in blocks:
        inside = (relevant.places >= block.columns.start) & (relevant.places < block.columns.stop)
        inside &= relevant.places != relevant.own[relevant.rows]
        rows, places = relevant.rows[inside], relevant.places[inside]
        columns = places - block.columns.start
        found = block.scores[rows, columns].double().masked_fill(~candidates[rows, columns], -np.inf).cpu().numpy()
        for row, place, score in zip(rows.tolist(), order[places].tolist(), found.tolist(), strict=True):
            if score > best[row] or (score == best[row] and score > -np.inf and place < at[row]):
                best[row], at[row] = score, place
    return best, at


def _better(
    block: Block, candidates: Tensor, own: np.ndarray, scores: np.ndarray, places: np.ndarray, order: np.ndarray
) -> np.ndarray:
    """Return how many answers of a block come before these scores and places (q,), the query's own left out."""
    import torch

    device = block.scores.device
    bound, place = (torch.from_numpy(each).to(device)[:, None] for each in (scores, places))
    found = block.scores.double()
    before = torch.from_numpy(order[block.columns]).to(device) < place
    better = candidates & ((found > bound) | ((found == bound) & before))
    rows = np.flatnonzero((own >= block.columns.start) & (own < block.columns.stop))
    better[rows, own[rows] - block.columns.start] = False
    counted: np.ndarray = better.sum(dim=1).cpu().numpy()
    return counted


def first_ranks_csv(ranks: Mapping[str, int]) -> str:
    """`query_id,rank` lines, queries in order of their ids."""
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow(["query_id", "rank"])
    writer.writerows(sorted(ranks.items()))
    return out.getvalue()


def read_first_ranks(text: str) -> dict[str, int]:
    """Invert `first_ranks_csv`."""
    return {query_id: int(rank) for query_id, rank in list(csv.reader(io.StringIO(text, newline="")))[1:]}
