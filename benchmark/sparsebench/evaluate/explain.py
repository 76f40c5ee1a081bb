"""Explain a query's ranking: its terms, each document's contributions, before and after."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import islice
from typing import TYPE_CHECKING

import numpy as np

from sparsebench.contracts import Postprocessor
from sparsebench.errors import SparsebenchError, did_you_mean
from sparsebench.evaluate.cell import evaluate
from sparsebench.evaluate.group import Evaluation
from sparsebench.evaluate.ranking import rank_collection, run_of
from sparsebench.planning import PlannedCell
from sparsebench.provenance import Stopwatch
from sparsebench.types import Query

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
    raw = _ranked(evaluation, cell, plain, query_id)
    after = evaluate(evaluation, cell, Stopwatch()).run[query_id]
    vector = evaluation.vectors.test[[row]] if evaluation.form.has_vectors else None
    hits = _hits(evaluation, query, raw, dict(islice(after.items(), top)), vector)
    relevant = {doc_id for doc_id, grade in _judged(evaluation, query_id).items() if grade > 0}
    missed = len(relevant - {hit.doc_id for hit in hits})
    return Explanation(query, () if vector is None else _terms(evaluation, query, vector), hits, missed)


def _find(evaluation: Evaluation, query_id: str) -> tuple[int, Query]:
    queries = {query.query_id: (row, query) for row, query in enumerate(evaluation.collection.test.queries)}
    if query_id not in queries:
        raise SparsebenchError(_why_not_tested(evaluation, query_id, list(queries)))
    return queries[query_id]


def _why_not_tested(evaluation: Evaluation, query_id: str, tested: Sequence[str]) -> str:
    collection = evaluation.collection
    label = collection.spec.label
    if collection.dev and query_id in {query.query_id for query in collection.dev.queries}:
        return f"{query_id!r} of {label} is a development query: it is tuned on and never tested"
    everything = collection.source.topics(collection.spec.split)
    if query_id not in {query.query_id for query in everything.queries}:
        return f"{label} has no query {query_id!r}.{did_you_mean(query_id, tested)}"
    if any(grade > 0 for grade in everything.qrels.get(query_id, {}).values()):
        return f"{query_id!r} of {label} is a query that this run left out, as --limit-queries does"
    return f"{query_id!r} of {label} has no relevant document, and so is not tested"


def _ranked(evaluation: Evaluation, cell: PlannedCell, plain: Postprocessor, query_id: str) -> Mapping[str, float]:
    """Documents of one query by raw score, best first."""
    test = evaluation.collection.test
    outcome = rank_collection(evaluation, cell, plain, test, None, Stopwatch())
    return run_of(evaluation, outcome.ranking, test)[query_id]


def _terms(evaluation: Evaluation, query: Query, vector: csr_array) -> tuple[Term, ...]:
    vocabulary = evaluation.vectors.encoder.vocabulary
    own = set(vocabulary.token_ids([query.text])[0])
    heaviest_first = np.argsort(-vector.data, kind="stable")
    return tuple(
        Term(vocabulary.token(term), float(weight), term in own)
        for term, weight in zip(vector.indices[heaviest_first].tolist(), vector.data[heaviest_first], strict=True)
    )


def _hits(
    evaluation: Evaluation,
    query: Query,
    raw: Mapping[str, float],
    after: Mapping[str, float],
    vector: csr_array | None,
) -> tuple[Hit, ...]:
    raw_ranks = {doc_id: rank for rank, doc_id in enumerate(raw, start=1)}
    grades = _judged(evaluation, query.query_id)
    texts = _texts(evaluation, set(after))
    found = np.flatnonzero(np.isin(evaluation.doc_ids, [doc_id.encode() for doc_id in after])).tolist()
    rows = {evaluation.doc_ids[row].decode(): row for row in found}
    return tuple(
        Hit(
            doc_id=doc_id,
            text=texts.get(doc_id, ""),
            rank=rank,
            raw_rank=raw_ranks.get(doc_id),
            score=score,
            raw_score=raw.get(doc_id),
            relevance=grades.get(doc_id),
            # A group is no document.
            contributions={}
            if vector is None or doc_id not in rows
            else _contributions(evaluation, vector, rows[doc_id]),
        )
        for rank, (doc_id, score) in enumerate(after.items(), start=1)
    )


def _judged(evaluation: Evaluation, query_id: str) -> Mapping[str, int]:
    """Grades of what a run lists."""
    return evaluation.answers.judged(evaluation.collection.test.qrels)[query_id]


def _texts(evaluation: Evaluation, doc_ids: set[str]) -> dict[str, str]:
    """One pass over the corpus, which ends when all are found."""
    wanted = (document for document in evaluation.collection.source.documents() if document.doc_id in doc_ids)
    return {document.doc_id: document.text for document in islice(wanted, len(doc_ids))}


def _contributions(evaluation: Evaluation, vector: csr_array | None, document: int | None) -> dict[str, float]:
    """Return the share of each query token in a score; empty without vectors, and for a group of documents."""
    if vector is None or document is None:
        return {}
    products = vector.multiply(evaluation.vectors.documents.matrix[[document]]).tocoo()
    vocabulary = evaluation.vectors.encoder.vocabulary
    largest_first = np.argsort(-products.data, kind="stable")
    return {vocabulary.token(int(products.coords[1][at])): float(products.data[at]) for at in largest_first}
