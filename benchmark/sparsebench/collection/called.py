"""Announce calls of a collection that a plugin reads, like all calls of plugins, and name it in its failures."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from sparsebench.contracts.calls import calling
from sparsebench.errors import FAILURES, CollectionError, SparsebenchError, reason
from sparsebench.registry import Registry
from sparsebench.suite import CollectionSpec


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
