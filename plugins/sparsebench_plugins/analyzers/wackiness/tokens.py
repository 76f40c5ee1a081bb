"""The lower-cased corpus in the model's own tokens: document frequencies, and tf of the documents that matter."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import chain, islice
from typing import TYPE_CHECKING

import numpy as np

from sparsebench_plugins.analyzers.wackiness.statistics import term_frequency

if TYPE_CHECKING:
    from scipy.sparse import csr_array

    from sparsebench import Vocabulary

BATCH = 4096


@dataclass(frozen=True)
class CorpusTerms:
    """Statistics of a corpus of N documents that utility needs.

    df: (V,) int64. positions: (R,) sorted positions of the documents that were asked for.
    frequencies: (R, V) float64 CSR, their tf; 12 bytes a distinct term of a document.
    """

    documents: int
    df: np.ndarray
    positions: np.ndarray
    frequencies: csr_array


def read_corpus(texts: Iterable[str], vocabulary: Vocabulary, positions: np.ndarray) -> CorpusTerms:
    """Tokenise the corpus once: count df over all of it, keep tf of the documents at `positions` (R,), sorted."""
    from scipy.sparse import csr_array, vstack

    df = np.zeros(vocabulary.size, dtype=np.int64)
    documents = 0
    kept = [csr_array((0, vocabulary.size))]
    for batch in _batches(texts):
        counts, lengths = count_tokens([text.lower() for text in batch], vocabulary)
        df += np.bincount(counts.indices, minlength=vocabulary.size)
        first, last = np.searchsorted(positions, [documents, documents + len(batch)])
        rows = positions[first:last] - documents
        kept.append(_frequencies(counts[rows], lengths[rows]))
        documents += len(batch)
    return CorpusTerms(documents, df, positions, vstack(kept, format="csr"))


def count_tokens(texts: Sequence[str], vocabulary: Vocabulary) -> tuple[csr_array, np.ndarray]:
    """Return how often each of N texts has each token, (N, V) float64 CSR, and how many tokens it has, (N,)."""
    from scipy.sparse import csr_array

    token_ids = vocabulary.token_ids(texts)
    lengths = np.fromiter(map(len, token_ids), dtype=np.int64, count=len(token_ids))
    starts = np.concatenate([[0], np.cumsum(lengths)])
    flat = np.fromiter(chain.from_iterable(token_ids), dtype=np.int64, count=starts[-1])
    counts = csr_array((np.ones(flat.size), flat, starts), shape=(len(texts), vocabulary.size))
    counts.sum_duplicates()
    return counts, lengths


def _batches(texts: Iterable[str]) -> Iterator[list[str]]:
    remaining = iter(texts)
    while batch := list(islice(remaining, BATCH)):
        yield batch


def _frequencies(counts: csr_array, lengths: np.ndarray) -> csr_array:
    """Return tf in place of the counts of the same rows."""
    counts.data = term_frequency(counts.data, np.repeat(lengths, np.diff(counts.indptr)))
    return counts
