"""Inputs of analyzers, made of the sample collection: a model of words, a run, records."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from typing import TYPE_CHECKING

import numpy as np

from sparsebench.contracts import CellContext, GroupContext, SuiteContext, Vocabulary
from sparsebench.contracts.readonly import read_only_cell, read_only_group
from sparsebench.rank import TopK, tie_order, to_run
from sparsebench.records import CellDescription, Part, Record
from sparsebench.search import SparseScores
from sparsebench.testing.texts import BANK, DOCUMENTS, QRELS, QUERIES
from sparsebench.types import Document, PerQuery, Query, Ranking, Topics

if TYPE_CHECKING:
    from scipy.sparse import csr_array

DEPTH = 10
MEASURES = ("nDCG@10", "RR@10")
DOMAINS = {"sample-in": "in", "sample-out": "out"}
RELATED = {"bread": "yeast", "whale": "sea", "water": "tide", "moon": "tide"}
"""What a query for a word also asks for, by half: the expansion of the sample model."""


class Words(Vocabulary):
    """The lower-cased words of the sample documents."""

    special_ids = frozenset({0})

    def __init__(self) -> None:
        self._words = ["[PAD]", *sorted({word for document in DOCUMENTS for word in _words(document.text)})]
        self._ids = {word: term_id for term_id, word in enumerate(self._words)}
        self.size = len(self._words)

    def token(self, term_id: int) -> str:
        """The word."""
        return self._words[term_id]

    def token_ids(self, texts: Sequence[str]) -> list[list[int]]:
        """Ids of known words."""
        return [[self._ids[word] for word in _words(text) if word in self._ids] for text in texts]

    def vectors(self, texts: Sequence[str], related: float = 0.0) -> csr_array:
        """Counts of words (N, V), and `related` times those of related ones."""
        from scipy.sparse import csr_array

        counts = np.zeros((len(texts), self.size), dtype=np.float32)
        for row, text in zip(counts, texts, strict=True):
            beside = " ".join(RELATED.get(word, "") for word in _words(text))
            for more, weight in ((text, 1.0), (beside, related)):
                np.add.at(row, self.token_ids([more])[0], weight)
        return csr_array(counts)


def _words(text: str) -> list[str]:
    return "".join(letter if letter.isalnum() else " " for letter in text.lower()).split()


def group_context(
    *,
    documents: Sequence[Document] = DOCUMENTS,
    queries: Sequence[Query] = QUERIES,
    bank: Topics | None = BANK,
    expands_queries: bool = True,
) -> GroupContext:
    """The sample model on the sample collection, or on another one."""
    vocabulary = Words()
    doc_ids = np.array([document.doc_id.encode() for document in documents])
    vectors = vocabulary.vectors([document.text for document in documents])
    encode = partial(vocabulary.vectors, related=0.5 if expands_queries else 0.0)
    context = GroupContext(
        collection="sample",
        documents=lambda: iter(documents),
        doc_ids=doc_ids,
        corpus_digest="sample",
        test=Topics(tuple(queries), {query.query_id: QRELS[query.query_id] for query in queries}),
        bank=bank,
        expands_queries=expands_queries,
        vocabulary=vocabulary,
        document_vectors=vectors,
        query_vectors=encode([query.text for query in queries]),
        encode_queries=encode,
        search=partial(_search, vectors, tie_order(doc_ids)),
    )
    return read_only_group(context)


def _search(documents: csr_array, order: np.ndarray, queries: csr_array, depth: int) -> Ranking:
    top = TopK(queries.shape[0], depth, order)
    for block in SparseScores(queries, documents):
        top.add(block.columns, block.scores, block.scores > 0)
    return top.ranking()


def cell_context(group: GroupContext) -> CellContext:
    """The run of the sample model."""
    ids = [query.query_id for query in group.test.queries]
    run = to_run(group.search(group.query_vectors, DEPTH), ids, group.doc_ids)
    context = CellContext(run=run, qrels=group.test.qrels, documents=len(group.doc_ids), depth=DEPTH)
    return read_only_cell(context)


def suite_context() -> SuiteContext:
    """Records of two models with two postprocessors on two collections, with figures that are made up."""
    records = [
        _record(model, postprocessor, collection)
        for model in ("bm25", "splade")
        for postprocessor in ("none", "sinkhorn")
        for collection in DOMAINS
    ]
    return SuiteContext(records, _per_query, baseline=("bm25", "none"))


def _record(model: str, postprocessor: str, collection: str) -> Record:
    key = f"{collection}/{model}/{postprocessor}"
    of_collection = {"split": "test", "domain": DOMAINS[collection], "drop_own_id": False, "measures": list(MEASURES)}
    description = CellDescription(
        collection=Part(name=collection, label=collection, params=of_collection),
        model=Part(name=model, label=model, params={}),
        postprocessor=Part(name=postprocessor, label=postprocessor, params={"scale": "median_top1"}),
        candidates="retrieved",
        depth=DEPTH,
    )
    record = Record(key=key, status="ok", cell=description, sees="batch" if postprocessor == "sinkhorn" else "query")
    values = _per_query(record)
    means = {measure: float(np.mean(list(values[measure].values()))) for measure in values}
    return record.model_copy(update={"measures": means})


def _per_query(record: Record) -> PerQuery:
    seed = np.frombuffer(record.key.encode(), dtype=np.uint8)
    ids = [query.query_id for query in QUERIES]
    return {
        measure: dict(zip(ids, np.random.default_rng(seed).random(len(ids)).round(4).tolist(), strict=True))
        for measure in MEASURES
    }
