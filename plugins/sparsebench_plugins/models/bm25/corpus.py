"""The term counts of a corpus, kept on disk while its encoder lives, so that a text is split once and not twice."""

from __future__ import annotations

import tempfile
from collections.abc import Iterable, Sequence
from contextlib import suppress
from functools import cached_property
from typing import IO, TYPE_CHECKING

import numpy as np

from sparsebench_plugins.models.bm25.chunks import DIGEST_BYTES, chunks, text_digests
from sparsebench_plugins.models.bm25.terms import Splitting

if TYPE_CHECKING:
    from scipy.sparse import csr_array

    from sparsebench_plugins.models.bm25.chunks import Chunk


class CountedCorpus:
    """Statistics that BM25 collects from D documents in one pass.

    surface: terms (V), numbered as they first occur. df: (V,) documents that a term occurs in. documents: D.
    average_length: terms a document, 0 for none.

    >>> splitting = Splitting(lower=True, stopwords="none", stemmer="porter", unspaced=False)
    >>> corpus = CountedCorpus(["cats and a cat", "dogs"], splitting)
    >>> corpus.surface, corpus.df.tolist(), corpus.average_length
    (['cat', 'and', 'dog'], [1, 1, 1], 2.0)
    >>> corpus.counts(["dogs"]).toarray().tolist(), corpus.counts(["a text of no document"])
    ([[0, 0, 1]], None)
    """

    def __init__(self, texts: Iterable[str], splitting: Splitting, *, processes: int | None = None) -> None:
        self._numbers: dict[str, int] = {}
        self._spill = Spill()
        self._digests: list[np.ndarray] = []
        self.df = np.zeros(0, dtype=np.int64)
        self.documents = self._terms = 0
        for chunk in chunks(texts, splitting, processes=processes):
            self._add(chunk)
        self.surface = list(self._numbers)
        self.average_length = self._terms / max(self.documents, 1)

    def _add(self, chunk: Chunk) -> None:
        numbers = self._numbers
        known = np.array([numbers.setdefault(term, len(numbers)) for term in chunk.terms], dtype=np.int32)
        counts = counted(known[chunk.ids] if len(known) else chunk.ids, chunk.lengths, len(numbers))
        self.df = np.pad(self.df, (0, len(numbers) - len(self.df)))
        self.df += np.bincount(counts.indices, minlength=len(numbers))
        self.documents += len(chunk.lengths)
        self._terms += len(chunk.ids)
        self._digests.append(chunk.digests)
        self._spill.add(counts)

    def counts(self, texts: Sequence[str]) -> csr_array | None:
        """Return the term counts (N, V) of N texts, None where one of them is no document of the corpus."""
        if not len(texts) or not self.documents or self._spill.rows != self.documents:
            return None
        asked = _half(text_digests(texts))
        places = np.searchsorted(self._sorted, asked[:, 0])
        rows = self._order[np.minimum(places, self.documents - 1)]
        return self._spill.read(rows, len(self.surface)) if (self._halves[rows] == asked).all() else None

    @cached_property
    def _halves(self) -> np.ndarray:
        """Digests (D, 2) uint64."""
        return _half(np.concatenate(self._digests))

    @cached_property
    def _order(self) -> np.ndarray:
        """Documents (D,) by the first half of their digest."""
        return np.argsort(self._halves[:, 0], kind="stable")

    @cached_property
    def _sorted(self) -> np.ndarray:
        """The first halves (D,), ascending."""
        halves: np.ndarray = self._halves[self._order, 0]
        return halves


class Spill:
    """Counts of documents in a temporary file, which has no name and is gone with this object.

    rows: how many documents it holds. Where the disk is full it stops to take any; nothing is wrong then but slow.
    """

    def __init__(self) -> None:
        self.rows = 0
        self._file: IO[bytes] | None = None
        self._starts = [np.zeros(1, dtype=np.int64)]
        with suppress(OSError):
            self._file = tempfile.TemporaryFile(prefix="sparsebench-bm25-")  # noqa: SIM115 - lives as long as this

    def add(self, counts: csr_array) -> None:
        """Append the counts of some documents: pairs of term and count, int32."""
        if self._file is None:
            return
        pairs = np.stack([counts.indices, counts.data], axis=1).astype(np.int32)
        try:
            self._file.write(pairs.tobytes())
            self._file.flush()
        except OSError:
            self._file = None
            return
        self._starts.append(self._starts[-1][-1] + counts.indptr[1:].astype(np.int64))
        self.rows += counts.shape[0]

    def read(self, rows: np.ndarray, terms: int) -> csr_array:
        """Return the counts (N, V) of some documents."""
        from scipy.sparse import csr_array

        assert self._file is not None, "rows were added"
        starts, lengths = self._all_starts[rows], self._all_starts[rows + 1] - self._all_starts[rows]
        indptr = np.concatenate([[0], np.cumsum(lengths)])
        if not indptr[-1]:
            return csr_array((len(rows), terms), dtype=np.int32)
        at = np.arange(indptr[-1]) + np.repeat(starts - indptr[:-1], lengths)
        pairs = np.memmap(self._file, dtype=np.int32, mode="r").reshape(-1, 2)[at]
        return csr_array((pairs[:, 1], pairs[:, 0], indptr), shape=(len(rows), terms))

    @cached_property
    def _all_starts(self) -> np.ndarray:
        """Return the place of each document's first pair in the file, and the end of the last (D + 1,)."""
        return np.concatenate(self._starts)


def counted(columns: np.ndarray, lengths: np.ndarray, terms: int) -> csr_array:
    """Return term counts (N, V) int32 of texts given as the numbers of their terms, text after text."""
    from scipy.sparse import csr_array

    starts = np.concatenate([[0], np.cumsum(lengths)])
    counts = csr_array((np.ones(len(columns), dtype=np.int32), columns, starts), shape=(len(lengths), terms))
    counts.sum_duplicates()
    return counts


def _half(digests: np.ndarray) -> np.ndarray:
    """Read digests (N, 16) uint8 as (N, 2) uint64."""
    return np.ascontiguousarray(digests).view(np.uint64).reshape(-1, DIGEST_BYTES // 8)
