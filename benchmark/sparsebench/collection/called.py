"""Announce calls of a collection that a plugin reads, like all calls of plugins, and name it in its failures."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from itertools import islice

from sparsebench.contracts import CollectionSource
from sparsebench.contracts.calls import calling
from sparsebench.errors import FAILURES, CollectionError, SparsebenchError, reason
from sparsebench.registry import Registry
from sparsebench.suite import CollectionSpec
from sparsebench.types import Document

DOCUMENTS_A_CALL = 1000


def documents_called(source: CollectionSource, label: str) -> Iterator[Document]:
    """Read a corpus once, a thousand documents a call: a plugin's own may hang or end the process at any of them.

    label: of the collection.
    """
    owner, place = f"{type(source).__name__}.documents", 0
    with calling(owner, label):
        documents = iter(source.documents())
    while True:
        with calling(owner, label, f"from {place}"):
            part = list(islice(documents, DOCUMENTS_A_CALL))
        yield from part
        place += len(part)
        if len(part) < DOCUMENTS_A_CALL:
            return


@contextmanager
def calling_source(spec: CollectionSpec, registry: Registry) -> Iterator[None]:
    """Raise CollectionError for whatever the source of `spec` raises in the `with` block.

    For our own formats it changes nothing.
    """
    registered = registry.collections.get(spec.id or "")
    if registered is None or registered.factory is None:
        yield
        return
    owner = f"{registered.factory.__name__}, which reads the collection {spec.id!r}"
    try:
        with calling(owner, spec.label):
            yield
    except SparsebenchError:
        raise
    except FAILURES as error:
        raise CollectionError(f"{owner} ({registered.provider}): {reason(error)}") from error
