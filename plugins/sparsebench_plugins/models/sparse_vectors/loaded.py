"""Vectors in memory, asked for by id."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from sparsebench import Encoded, Json, LoadedEncoder, ModelError, Role, Vocabulary
from sparsebench_plugins.models.sparse_vectors.reading import Rows
from sparsebench_plugins.models.sparse_vectors.vocabulary import Dimensions

if TYPE_CHECKING:
    from scipy.sparse import csr_array


@dataclass(frozen=True)
class Side:
    """Vectors (N, V) of one role, and the row of each id; row N is empty."""

    path: Path
    rows: Mapping[str, int]
    vectors: csr_array


@dataclass(frozen=True)
class GivenVectors(LoadedEncoder):
    """Vectors of both roles. lacking: documents of the collection without one."""

    vocabulary: Vocabulary
    sides: Mapping[str, Side]
    lacking: int

    @classmethod
    def of(cls, paths: Mapping[str, Path], found: Mapping[str, Rows], terms: Dimensions, lacking: int) -> GivenVectors:
        """Join what was read; raises ModelError where documents and queries share no term."""
        if not np.isin(found["query"].columns, found["document"].columns).any():
            raise ModelError(
                f"{paths['document']} and {paths['query']} share no term; are both of one vocabulary and form?"
            )
        size = terms.vocabulary().size
        sides = {
            role: Side(paths[role], {name: at for at, name in enumerate(rows.ids)}, rows.matrix(size))
            for role, rows in found.items()
        }
        return cls(terms.vocabulary(), sides, lacking)

    def encode(self, texts: Sequence[str], role: Role) -> Encoded:
        """Vectors (N, V) of the ids `texts`. A document without a vector has no terms; raises ModelError for such a
        query."""
        side = self.sides[role]
        rows = [side.rows.get(name, -1) for name in texts]
        lacking = [name for name, row in zip(texts, rows, strict=True) if row < 0]
        if lacking and role == "query":
            raise ModelError(f"{side.path}: no vector of query {lacking[0]!r}; {len(lacking)} of {len(rows)} lack one")
        return Encoded(_taken(side.vectors, np.array(rows, np.int64)), truncated=0)

    def provenance(self) -> Mapping[str, Json]:
        """Count the documents of the collection that have no vector, where there are any."""
        return {"documents_without_vector": self.lacking} if self.lacking else {}


def _taken(vectors: csr_array, rows: np.ndarray) -> csr_array:
    """Rows of `vectors`, an empty one for -1."""
    from scipy.sparse import csr_array, vstack

    empty = csr_array((1, vectors.shape[1]), dtype=np.float32)
    taken: csr_array = vstack([vectors, empty], format="csr")[np.where(rows < 0, vectors.shape[0], rows)]
    taken.sort_indices()
    return taken
