"""Why a query ranks its documents as it does: its terms, each document's contributions, before and after."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from itertools import islice
from typing import TYPE_CHECKING

import numpy as np

from benchmark.contracts import Postprocessor, Scorer
from benchmark.errors import SparsebenchError, did_you_mean
from benchmark.group import Evaluation
from benchmark.plan import PlannedCell
from benchmark.provenance import Stopwatch
from benchmark.ranking import Outcome, rank_topics
from benchmark.tuning import tune
from benchmark.types import Query

if TYPE_CHECKING:
    from scipy.sparse import csr_array


@dataclass(frozen=True)
class Term:
    """An active dimension of the query. original: whether the query's own text contains it."""

    token: str
    weight: float
    original: bool


@dataclass(frozen=True)
class Hit:
    """A document among the best, after the postprocessor.

    rank, raw_rank: from 1; raw_rank is None where the raw ranking did not reach it. relevance: None if unjudged.
    contributions: query token -> query weight x document weight, the largest first; they sum to the raw score.
    """

    doc_id: str
    text: str
    rank: int
    raw_rank: int | None
    score: float
    raw_score: float | None
    relevance: int | None
    contributions: Mapping[str, float]


@dataclass(frozen=True)
class Explanation:
    """One query of one cell."""

    query: Query
    terms: tuple[Term, ...]
    hits: tuple[Hit, ...]
    relevant_missed: int


def explain(evaluation: Evaluation, cell: PlannedCell, plain: Postprocessor, query_id: str, top: int) -> Explanation:
    """Explain the `top` documents of a test query. `plain` ranks raw scores.

    Raises SparsebenchError for an unknown query.
    """
    row, query = _find(evaluation, query_id)
    raw = _rank(evaluation, cell, plain)
    chosen = tune(evaluation, cell)["chosen"] if cell.spec.tune else {}
    after = _rank(evaluation, cell, cell.make(**chosen))
    vectorless = isinstance(evaluation.group.model.model, Scorer)
    vector = None if vectorless else evaluation.vectors.test[[row]]
    hits = _hits(evaluation, query, row, raw, after, vector, top)
    relevant = {doc_id for doc_id, grade in evaluation.collection.test.qrels[query_id].items() if grade > 0}
    missed = len(relevant - {hit.doc_id for hit in hits})
    return Explanation(query, () if vector is None else _terms(evaluation, query, vector), hits, missed)


def _find(evaluation: Evaluation, query_id: str) -> tuple[int, Query]:
    queries = {query.query_id: (row, query) for row, query in enumerate(evaluation.collection.test.queries)}
    if query_id not in queries:
        label = evaluation.collection.spec.label
        raise SparsebenchError(f"{label} has no test query {query_id!r}.{did_you_mean(query_id, queries)}")
    return queries[query_id]


def _rank(evaluation: Evaluation, cell: PlannedCell, postprocessor: Postprocessor) -> Outcome:
    collection = evaluation.collection
    return rank_topics(evaluation, cell, postprocessor, collection.test, collection.bank, Stopwatch())


def _terms(evaluation: Evaluation, query: Query, vector: csr_array) -> tuple[Term, ...]:
    vocabulary = evaluation.vectors.encoder.vocabulary
    own = set(vocabulary.token_ids([query.text])[0])
    heaviest_first = np.argsort(-vector.data, kind="stable")
    return tuple(
        Term(vocabulary.token(term), float(weight), term in own)
        for term, weight in zip(vector.indices[heaviest_first].tolist(), vector.data[heaviest_first], strict=True)
    )


def _hits(
    evaluation: Evaluation, query: Query, row: int, raw: Outcome, after: Outcome, vector: csr_array | None, top: int
) -> tuple[Hit, ...]:
    raw_documents = raw.ranking.documents[row].tolist()
    raw_scores = raw.ranking.scores[row]
    grades = evaluation.collection.test.qrels[query.query_id]
    best = [document for document in after.ranking.documents[row][:top].tolist() if document >= 0]
    texts = _texts(evaluation, {evaluation.doc_ids[document].decode() for document in best})
    hits = []
    for rank, document in enumerate(best, start=1):
        doc_id = evaluation.doc_ids[document].decode()
        raw_rank = raw_documents.index(document) if document in raw_documents else None
        hits.append(
            Hit(
                doc_id=doc_id,
                text=texts.get(doc_id, ""),
                rank=rank,
                raw_rank=None if raw_rank is None else raw_rank + 1,
                score=float(after.ranking.scores[row, rank - 1]),
                raw_score=None if raw_rank is None else float(raw_scores[raw_rank]),
                relevance=grades.get(doc_id),
                contributions={} if vector is None else _contributions(evaluation, vector, document),
            )
        )
    return tuple(hits)


def _texts(evaluation: Evaluation, doc_ids: set[str]) -> dict[str, str]:
    """One pass over the corpus, which ends when all are found."""
    wanted = (document for document in evaluation.collection.source.documents() if document.doc_id in doc_ids)
    return {document.doc_id: document.text for document in islice(wanted, len(doc_ids))}


def _contributions(evaluation: Evaluation, vector: csr_array, document: int) -> dict[str, float]:
    products = vector.multiply(evaluation.vectors.documents.matrix[[document]]).tocoo()
    vocabulary = evaluation.vectors.encoder.vocabulary
    largest_first = np.argsort(-products.data, kind="stable")
    return {vocabulary.token(int(products.coords[1][at])): float(products.data[at]) for at in largest_first}
