"""The loops of the inverted index, compiled by numba; only `inverted` imports this.

Postings of a segment: those of term t stand at starts[t] to starts[t + 1] of `documents` (ascending) and `weights`.
Every sum goes by ascending dimension, one product at a time in float32, as scipy's product of the same vectors does.
"""

from __future__ import annotations

import numpy as np
from numba import njit

SAMPLE = 2048
BINS = 1024
STRIP = 8
"""Scores looked at together, most of which hold no candidate."""

LEAST = np.float32(np.finfo(np.float32).smallest_subnormal)
"""A retrieved document has a score above 0."""


@njit(nogil=True, cache=True)
def fill(starts, documents, weights, first_terms, terms, term_weights, columns, scores):
    """Scores (Q, d) of the segment's documents columns[0] to columns[1]; queries are CSR rows."""
    for query in range(scores.shape[0]):
        row = scores[query]
        row[:] = 0
        for place in range(first_terms[query], first_terms[query + 1]):
            term = terms[place]
            start = first_posting(documents, starts[term], starts[term + 1], columns[0])
            stop = first_posting(documents, start, starts[term + 1], columns[1])
            add(documents[start:stop], weights[start:stop], term_weights[place], np.uint16(columns[0]), row)


@njit(nogil=True, cache=True)
def candidates(starts, documents, weights, first_terms, terms, term_weights, places, k, bounds, keys, counts):
    """Keys of documents that surely hold each query's k best with a score above 0, those that tie with the last too.

    places: (d,) the low half of each document's key, as `Packed` has it. bounds: (Q,) scores beneath which nothing is
    asked for. keys (Q, c): these documents', if there are at most c - STRIP. counts (Q,): how many there are.
    """
    size = places.shape[0]
    accumulated = np.empty((size + STRIP - 1) // STRIP * STRIP, np.float32)
    histogram = np.empty(BINS, np.int64)
    for query in range(counts.shape[0]):
        accumulated[:] = 0
        for place in range(first_terms[query], first_terms[query + 1]):
            postings = slice(starts[terms[place]], starts[terms[place] + 1])
            add(documents[postings], weights[postings], term_weights[place], np.uint16(0), accumulated)
        least = max(bounds[query], LEAST)
        step = size // SAMPLE + 1
        width = sample(accumulated, step, histogram)
        expected = k * histogram.sum() / size
        wanted = expected + 3 * np.sqrt(expected) + 3
        while True:
            guess = max(least, width * at_least(histogram, wanted))
            counts[query] = collect(accumulated, accumulated.view(np.int32), places, guess, keys[query])
            if counts[query] >= k or guess == least:
                break
            wanted *= 2


@njit(nogil=True, cache=True)
def pad(keys, counts, filler):
    """Write `filler` behind the first counts (Q,) of each row of keys (Q, c)."""
    for query in range(counts.shape[0]):
        keys[query, counts[query] :] = filler


@njit(nogil=True, cache=True)
def add(documents, weights, factor, first, scores):
    """Add for each posting: scores[document - first] += factor * weight for each posting.

    Both are unsigned: an index below 0 cannot be.
    """
    for place in range(documents.shape[0]):
        scores[documents[place] - first] += factor * weights[place]


@njit(nogil=True, cache=True)
def first_posting(documents, start, stop, least):
    """The first place from start to stop whose document is >= least; stop if there is none."""
    while start < stop:
        middle = (start + stop) // 2
        if documents[middle] < least:
            start = middle + 1
        else:
            stop = middle
    return start


@njit(nogil=True, cache=True)
def sample(scores, step, histogram):
    """Count every step-th score in bins of equal width from 0 to the highest of them; returns the width.

    0 where it would tell nothing: no score above 0, or one that overflowed.
    """
    highest = np.float32(0)
    for place in range(0, scores.shape[0], step):
        highest = max(highest, scores[place])
    histogram[:] = 0
    if not 0 < highest < np.inf:
        return np.float32(0)
    per_score = np.float32(BINS - 1) / highest
    for place in range(0, scores.shape[0], step):
        histogram[max(0, np.int32(scores[place] * per_score))] += 1
    return highest / np.float32(BINS - 1)


@njit(nogil=True, cache=True)
def at_least(histogram, wanted):
    """The highest bin from which up there are `wanted`; 0 if there are not so many."""
    above = 0
    for place in range(BINS - 1, 0, -1):
        above += histogram[place]
        if above >= wanted:
            return place
    return 0


# max() of a strip needs no order: with these flags it is one instruction for many scores.
@njit(nogil=True, cache=True, fastmath={"nnan", "nsz"})
def collect(scores, bits, places, least, keys):
    """Write down the keys of documents with scores >= least while there is room, and count them all; strips are whole.

    bits: the scores as integers, which from 0 up are in the order of the scores.
    """
    count = 0
    for start in range(0, scores.shape[0], STRIP):
        strip = scores[start : start + STRIP]
        highest = strip[0]
        for place in range(STRIP):
            highest = max(highest, strip[place])
        if highest < least:
            continue
        room = count <= keys.shape[0] - STRIP
        for place in range(STRIP):
            if room:  # written first and counted after: a branch that cannot be foreseen would cost more
                # Beyond the last document a strip holds zeros, which are not counted, and no place.
                document = min(start + place, places.shape[0] - 1)
                keys[count] = np.int64(bits[start + place]) << 32 | places[document]
            count += strip[place] >= least
    return count
