"""Rankers of the documents that utility is read from: the model, BM25, or the judgments (METHODS 2.2).

Each ranker returns the positions (n, k <= depth) of documents in the corpus, best first, -1 where there are fewer.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Literal

import numpy as np

from sparsebench import GroupContext, NotApplicable
from sparsebench.rank import TopK, tie_order, untied

if TYPE_CHECKING:
    from scipy.sparse import csr_array

    from sparsebench_plugins.analyzers.wackiness.sample import ScoringQueries

Ranker = Literal["self", "bm25", "qrels"]

DENSE_SCORES = 2**24
"""Cells of the largest dense block of BM25 scores, 64 MiB of float32."""


def rank(
    context: GroupContext, scoring: ScoringQueries, vectors: csr_array, *, ranker: Ranker, depth: int
) -> np.ndarray:
    """Rank for each scoring query, whose vectors are `vectors` (n, V). Raises NotApplicable (qrels without any)."""
    if ranker == "qrels":
        return judged_relevant(context, scoring, depth=depth)
    if ranker == "bm25":
        documents = (document.text for document in context.documents())
        return bm25_top(documents, scoring.texts, context.doc_ids, depth=depth)
    return context.search(vectors, depth).documents


def judged_relevant(context: GroupContext, scoring: ScoringQueries, *, depth: int) -> np.ndarray:
    """Rank the relevant documents (grade > 0) of each query by grade; equal grades by doc_id descending, as everywhere.

    Judged documents that the corpus does not hold are passed over.
    """
    if not scoring.qrels:
        raise NotApplicable(
            f"{context.collection}: ranker: qrels needs judged scoring queries, and those from {scoring.source!r} "
            "have no judgments; use scoring_queries: train or test, or another ranker"
        )
    judged = {query.query_id: scoring.qrels.get(query.query_id, {}) for query in scoring.queries}
    positions = _positions(context.doc_ids, {doc_id for grades in judged.values() for doc_id in grades})
    relevant = {
        query_id: {doc_id: grade for doc_id, grade in grades.items() if grade > 0 and doc_id in positions}
        for query_id, grades in judged.items()
    }
    return _padded([[positions[doc_id] for doc_id in best][:depth] for best in untied(relevant).values()])


def bm25_top(documents: Iterable[str], queries: Sequence[str], doc_ids: np.ndarray, *, depth: int) -> np.ndarray:
    """Rank by bm25s (Lucene's BM25, k1 .9, b .4, Porter stems, no stop list); score > 0, ties by doc_id descending."""
    import bm25s
    from bm25s.tokenization import Tokenizer
    from Stemmer import Stemmer

    tokenizer = Tokenizer(stemmer=Stemmer("porter"), stopwords=[])
    corpus = list(tokenizer.tokenize(documents, return_as="stream", allow_empty=False))
    index = bm25s.BM25(method="lucene", k1=0.9, b=0.4)
    index.index((corpus, tokenizer.get_vocab_dict()), show_progress=False)
    tokenized = list(tokenizer.tokenize(queries, update_vocab=False, return_as="stream", allow_empty=False))
    order, step = tie_order(doc_ids), max(1, DENSE_SCORES // len(doc_ids))
    chunks = (tokenized[start : start + step] for start in range(0, len(tokenized), step))
    return np.concatenate([_best([index.get_scores_from_ids(q) for q in chunk], order, depth) for chunk in chunks])


def _best(rows: Sequence[np.ndarray], order: np.ndarray, depth: int) -> np.ndarray:
    """Return the positions of the best scores above 0 of each row (D,): (rows, depth)."""
    import torch

    scores = torch.from_numpy(np.stack(rows))
    top = TopK(len(rows), depth, order)
    top.add(slice(0, len(order)), scores, scores > 0)
    return top.ranking().documents


def _positions(doc_ids: np.ndarray, wanted: set[str]) -> dict[str, int]:
    """Return where in `doc_ids` the wanted ids are."""
    held = np.flatnonzero(np.isin(doc_ids, [doc_id.encode() for doc_id in wanted]))
    return {doc_ids[position].decode(): int(position) for position in held}


def _padded(rows: list[list[int]]) -> np.ndarray:
    """Return the rows as one array (n, longest row), filled with -1."""
    ranked = np.full((len(rows), max(map(len, rows), default=0)), -1, dtype=np.int64)
    for row, positions in zip(ranked, rows, strict=True):
        row[: len(positions)] = positions
    return ranked
