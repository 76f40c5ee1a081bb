"""Read-only inputs of plugins: they are shared by all that come after, so that writing to them fails where it happens.

Arrays and mappings are views that refuse; they copy nothing. Tensors cannot refuse: `sparsebench.search.watch` notices.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from types import MappingProxyType
from typing import TYPE_CHECKING, TypeVar

import numpy as np

from sparsebench.contracts.analyzers import CellContext, GroupContext
from sparsebench.errors import ContractError
from sparsebench.types import Topics

if TYPE_CHECKING:
    from scipy.sparse import csr_array

V = TypeVar("V")

RULE = "read only"


def read_only(array: np.ndarray) -> np.ndarray:
    """A view of the array that cannot be written to."""
    view = array.view()
    view.flags.writeable = False
    return view


def read_only_csr(matrix: csr_array) -> csr_array:
    """Another matrix (N, V) of the same entries: they cannot be written to, and its parts can be replaced at will."""
    from scipy.sparse import csr_array

    parts = (read_only(part) for part in (matrix.data, matrix.indices, matrix.indptr))
    return csr_array(tuple(parts), shape=matrix.shape, copy=False)


def read_only_topics(topics: Topics) -> Topics:
    """Return the same queries; their judgments cannot be written to."""
    return replace(topics, qrels=_read_only_values(topics.qrels))


def read_only_group(context: GroupContext) -> GroupContext:
    """Return a read-only context for a group analyzer."""

    def encode_queries(texts: Sequence[str]) -> csr_array:
        return read_only_csr(context.encode_queries(texts))

    return replace(
        context,
        doc_ids=read_only(context.doc_ids),
        test=read_only_topics(context.test),
        bank=read_only_topics(context.bank) if context.bank else None,
        document_vectors=read_only_csr(context.document_vectors),
        query_vectors=read_only_csr(context.query_vectors),
        encode_queries=encode_queries,
    )


def read_only_cell(context: CellContext) -> CellContext:
    """Return a read-only context for a cell analyzer."""
    return replace(context, run=_read_only_values(context.run), qrels=_read_only_values(context.qrels))


def blamed(error: BaseException, owner: str) -> BaseException:
    """The error, or the ContractError that it stands for where `owner` tried to write to what cannot be written to."""
    wrote = isinstance(error, ValueError) and "read-only" in str(error)
    if wrote or (isinstance(error, TypeError | AttributeError) and "mappingproxy" in str(error)):
        return ContractError(owner, RULE, f"it wrote to what it was given; work on a copy ({error})")
    return error


def _read_only_values(values: Mapping[str, Mapping[str, V]]) -> Mapping[str, Mapping[str, V]]:
    return MappingProxyType({key: MappingProxyType(inner) for key, inner in values.items()})
