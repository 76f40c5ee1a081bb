"""`sparsity`: how sparse the vectors of a model are, what their index costs, and how loose its score bounds are."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from sparsebench import Analysis, CollectionError, GroupAnalyzer, GroupContext
from sparsebench.collection import read_queries
from sparsebench.provenance import digest

if TYPE_CHECKING:
    from scipy.sparse import csr_array

    from sparsebench import Json, Ranking, Record

TIE_DEPTH = 10


@dataclass(frozen=True, kw_only=True)
class Sparsity(GroupAnalyzer):
    """L0, FLOPS, posting lists, index size, ties and impacts of any model with vectors.

    Values: `l0_query`, `l0_document`: mean active dimensions of a text. `flops`: METHODS 1, on the test queries.
    `index_bytes`: the inverted index as CSR by term. `posting_length` over the terms that have postings (`terms` of
    them). `documents_without_terms`, `queries_without_terms`: texts with no active dimension.
    `tied_top10`: share of the hits of the top 10 that a tie-break had to place; None where nothing was retrieved.
    `impact`, `bound_tightness`, `bound_tightness_by_postings`: the weights in the index, and how close they come to
    the maximum of their term, which is what dynamic pruning bounds scores with (see `bound_tightness`).
    `reference`: `queries` (the file), `texts` (their digest), `n`, `l0_query` and `flops` of the reference queries, or
    None.
    """

    reference_queries: Path | None = None
    """A file of queries, `queries.jsonl` in BEIR's layout or `id<TAB>text` lines, the same for all collections, so that
    their FLOPS can be compared."""

    def __post_init__(self) -> None:
        """Raise CollectionError where there is no such file."""
        if self.reference_queries is not None and not self.reference_queries.is_file():
            raise CollectionError(f"reference_queries: there is no file {self.reference_queries}")

    def analyze(self, context: GroupContext) -> Analysis:
        """Measure `context.document_vectors` and `context.query_vectors`; one search of depth 11."""
        queries, documents = context.query_vectors, context.document_vectors
        postings = Postings.of(documents)
        lengths = postings.lengths[postings.lengths > 0]
        return Analysis(
            {
                "l0_query": mean_active(queries),
                "l0_document": mean_active(documents),
                "flops": flops(queries, documents),
                "index_bytes": index_bytes(documents),
                "terms": int(lengths.size),
                "posting_length": spread(lengths) | {"gini": gini(lengths)},
                "documents_without_terms": without_terms(documents),
                "queries_without_terms": without_terms(queries),
                "tied_top10": tied_share(context.search(queries, TIE_DEPTH + 1), TIE_DEPTH),
                "impact": spread(documents.data),
                "bound_tightness": bound_tightness(postings),
                "bound_tightness_by_postings": bound_tightness(postings, by_postings=True),
                "reference": self._reference(context),
            }
        )

    def _reference(self, context: GroupContext) -> dict[str, Json] | None:
        path = self.reference_queries
        if path is None:
            return None
        texts = [query.text for query in read_queries(path).queries]
        queries = context.encode_queries(texts)
        return {
            "queries": f"{path.parent.name}/{path.name}",
            "texts": digest(texts)[:16],
            "n": len(texts),
            "l0_query": mean_active(queries),
            "flops": flops(queries, context.document_vectors),
        }


def sparsity_values(record: Record) -> Mapping[str, Json]:
    """The values of a record's first analysis of sparsity, whatever its label; {} where it has none."""
    return next(iter(record.analyses_by("sparsity").values()), {})


@dataclass(frozen=True)
class Postings:
    """Posting lists per dimension: lengths (V,), and totals (V,) and peaks (V,) of their weights."""

    lengths: np.ndarray
    totals: np.ndarray
    peaks: np.ndarray

    @classmethod
    def of(cls, vectors: csr_array) -> Postings:
        """Read the posting lists of `vectors` (D, V) in place: no transposed copy of the index."""
        size = vectors.shape[1]
        totals, peaks = np.zeros(size), np.zeros(size)
        np.add.at(totals, vectors.indices, vectors.data)
        np.maximum.at(peaks, vectors.indices, vectors.data)
        return cls(posting_lengths(vectors), totals, peaks)


def posting_lengths(vectors: csr_array) -> np.ndarray:
    """Return how many rows of `vectors` (N, V) have each dimension active: (V,) int64."""
    return np.bincount(vectors.indices, minlength=vectors.shape[1])


def mean_active(vectors: csr_array) -> float:
    """L0: mean number of active entries of a row (METHODS 1)."""
    return float(vectors.nnz / vectors.shape[0])


def without_terms(vectors: csr_array) -> int:
    """Return the number of rows without an active dimension."""
    return int(np.count_nonzero(np.diff(vectors.indptr) == 0))


def flops(queries: csr_array, documents: csr_array) -> float:
    """FLOPS `sum_t p_q(t) p_d(t)`, p(t) the share of texts with t active (METHODS 1): expected products per pair."""
    query_share = posting_lengths(queries) / queries.shape[0]  # (V,)
    document_share = posting_lengths(documents) / documents.shape[0]  # (V,)
    return float(query_share @ document_share)


def index_bytes(documents: csr_array) -> int:
    """Bytes of the inverted index, uncompressed: 4-byte document and 4-byte weight a posting, 8-byte list pointers."""
    return int(8 * documents.nnz + 8 * (documents.shape[1] + 1))


def spread(values: np.ndarray) -> dict[str, Json]:
    """Return `p50`, `p99` (linear interpolation), `max` and `mean`, each None where there are no values."""
    if values.size == 0:
        return {"p50": None, "p99": None, "max": None, "mean": None}
    p50, p99 = np.percentile(values, [50, 99])
    mean = values.mean(dtype=np.float64)
    return {"p50": float(p50), "p99": float(p99), "max": float(values.max()), "mean": float(mean)}


def gini(values: np.ndarray) -> float | None:
    """Gini coefficient of positive values: 0 where all are equal, towards 1 where few hold all; None for none."""
    n = values.size
    if n == 0:
        return None
    rank = np.arange(1, n + 1)
    return float(2 * (rank @ np.sort(values)) / (n * values.sum()) - (n + 1) / n)


def tied_share(ranking: Ranking, depth: int) -> float | None:
    """Share of the hits in the top `depth` whose float32 score equals that of the hit above or below them.

    `ranking` is one deeper than `depth`: a tie across the cutoff decides what is in the top at all. Scores are
    compared as float32, as trec_eval does.
    """
    scores = ranking.scores.astype(np.float32)  # (Q, depth + 1)
    hit = ranking.documents >= 0
    same = (scores[:, :-1] == scores[:, 1:]) & hit[:, 1:]  # each hit but the last, with the one below it
    tied = np.zeros_like(hit)
    tied[:, :-1] |= same
    tied[:, 1:] |= same
    hits = np.count_nonzero(hit[:, :depth])
    return float(np.count_nonzero(tied[:, :depth]) / hits) if hits else None


def bound_tightness(postings: Postings, *, by_postings: bool = False) -> float | None:
    """Mean over terms of mean(impact) / max(impact), in (0, 1]; each term counts once, or once per posting.

    1 where every posting reaches its term's upper bound; low where bounds are loose, so that MaxScore and WAND skip
    little: the "wacky weights" of Mackenzie, Trotman and Lin (2021). None for an index without postings.
    """
    used = postings.lengths > 0
    lengths = postings.lengths[used]
    if lengths.size == 0:
        return None
    tightness = postings.totals[used] / (lengths * postings.peaks[used])
    return float(np.average(tightness, weights=lengths if by_postings else None))
