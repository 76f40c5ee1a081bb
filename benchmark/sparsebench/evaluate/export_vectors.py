"""Vectors of a model on a collection, written for other tools: documents, and the collection's own queries."""

from __future__ import annotations

from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from sparsebench.errors import SparsebenchError
from sparsebench.evaluate.group import Evaluation
from sparsebench.evaluate.vector_files import WRITERS

if TYPE_CHECKING:
    from scipy.sparse import csr_array


def export_vectors(evaluation: Evaluation, folder: Path, form: str) -> tuple[Path, Path]:
    """Write the vectors below `folder`, as `form` of WRITERS has them; return the files of documents and queries.

    What the store lacks is encoded. Queries are the test queries, and those of a bank of the same collection.
    Raises NotApplicable for a model without vectors, SparsebenchError where two dimensions in use have one name.
    """
    doc_ids = [name.decode() for name in evaluation.collection.corpus.doc_ids.tolist()]
    sides = {"documents": (doc_ids, evaluation.vectors.documents.matrix), "queries": _queries(evaluation)}
    terms = _names(evaluation, np.unique(np.concatenate([matrix.indices for _, matrix in sides.values()])))
    documents, asked = (WRITERS[form](folder, name, ids, matrix, terms) for name, (ids, matrix) in sides.items())
    return documents, asked


def _queries(evaluation: Evaluation) -> tuple[list[str], csr_array]:
    """Ids (Q,) and vectors (Q, V), each part as it was searched with: in one call they might be rounded otherwise."""
    from scipy.sparse import vstack

    collection, vectors = evaluation.collection, evaluation.vectors
    own = (collection.bank, collection.dev) if collection.bank_is_same_collection else ()
    ids: dict[str, None] = {}
    parts = []
    for part in (collection.test, *own):
        new = [query for query in part.queries if query.query_id not in ids] if part else []
        if new:
            parts.append(vectors.of_queries(new))
            ids |= dict.fromkeys(query.query_id for query in new)
    return list(ids), vstack(parts, format="csr")


def _names(evaluation: Evaluation, used: np.ndarray) -> list[str]:
    vocabulary = evaluation.vectors.encoder.vocabulary
    names = [vocabulary.token(term_id) for term_id in range(vocabulary.size)]
    name, count = max(Counter(names[place] for place in used).items(), key=lambda each: each[1], default=("", 1))
    if count > 1:
        raise SparsebenchError(f"{count} dimensions are called {name!r}; `--format csr` writes them by number")
    return names
