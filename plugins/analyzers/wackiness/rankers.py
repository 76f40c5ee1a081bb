"""Who ranks the documents that utility is read from: the model itself, BM25, or the judgments (METHODS 2.2).

Each ranker returns the positions (n, k <= depth) of documents in the corpus, best first, -1 where there are fewer.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, Literal

import numpy as np

from benchmark.contracts import GroupContext, NotApplicable

if TYPE_CHECKING:
    from scipy.sparse import csr_array

    from plugins.analyzers.wackiness.sample import ScoringQueries

Ranker = Literal["self", "bm25", "qrels"]


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
    judged = [scoring.qrels.get(query.query_id, {}) for query in scoring.queries]
    positions = _positions(context.doc_ids, {doc_id for grades in judged for doc_id in grades})
    rows = []
    for grades in judged:
        relevant = [(grade, doc_id) for doc_id, grade in grades.items() if grade > 0 and doc_id in positions]
        rows.append([positions[doc_id] for _, doc_id in sorted(relevant, reverse=True)[:depth]])
    return _padded(rows)


def bm25_top(documents: Iterable[str], queries: Iterable[str], doc_ids: np.ndarray, *, depth: int) -> np.ndarray:
    """Rank by bm25s (Lucene's BM25, k1 .9, b .4, Porter stems, no stop list); score > 0, ties by doc_id descending."""
    import bm25s
    from bm25s.tokenization import Tokenizer
    from Stemmer import Stemmer

    tokenizer = Tokenizer(stemmer=Stemmer("porter"), stopwords=[])
    corpus = list(tokenizer.tokenize(documents, return_as="stream", allow_empty=False))
    index = bm25s.BM25(method="lucene", k1=0.9, b=0.4)
    index.index((corpus, tokenizer.get_vocab_dict()), show_progress=False)
    id_order = np.argsort(np.argsort(doc_ids))  # (D,) place of each document among the sorted ids
    tokenized = tokenizer.tokenize(queries, update_vocab=False, return_as="stream", allow_empty=False)
    return _padded([_best(index.get_scores_from_ids(tokens), id_order, depth) for tokens in tokenized])


def _best(scores: np.ndarray, id_order: np.ndarray, depth: int) -> list[int]:
    """Return the positions of the best scores above 0; only those that can reach the top `depth` are sorted."""
    threshold = np.partition(scores, -depth)[-depth] if scores.size > depth else 0
    candidates = np.flatnonzero((scores > 0) & (scores >= threshold))
    best_last = np.lexsort((id_order[candidates], scores[candidates]))
    best: list[int] = candidates[best_last[::-1][:depth]].tolist()
    return best


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
