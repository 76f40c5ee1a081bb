"""Document vectors, as many as a stage wants, from as many as can be encoded in the time."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from scipy.sparse import csr_array


def crossed(vectors: csr_array, count: int, seed: int = 0) -> csr_array:
    """`count` vectors (count, V), each of the entries that two of `vectors` (N, V) have on complementary dimensions.

    Every dimension keeps its share of active documents and its weights, and lengths stay as they are on average: the
    postings that a search reads are as many as those of so many real documents.
    """
    from scipy.sparse import csr_array

    generator = np.random.default_rng(seed)
    first_half = generator.random(vectors.shape[1]) < 0.5
    halves = []
    for dimensions in (first_half, ~first_half):
        chosen = vectors[generator.integers(0, vectors.shape[0], count)].tocoo()
        kept = dimensions[chosen.coords[1]]
        halves.append((chosen.data[kept], tuple(at[kept] for at in chosen.coords)))
    data = np.concatenate([half[0] for half in halves])
    coords = tuple(np.concatenate(parts) for parts in zip(halves[0][1], halves[1][1], strict=True))
    found = csr_array((data, coords), shape=(count, vectors.shape[1]))
    found.sort_indices()
    return found
