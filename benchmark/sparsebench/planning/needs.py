"""List what a suite needs at hand before anything is computed."""

from __future__ import annotations

from sparsebench.collection.called import calling_source
from sparsebench.collection.parts import Sources
from sparsebench.contracts import Fetchable
from sparsebench.planning.broken import answering
from sparsebench.planning.model import ResolvedModel, resolve_model
from sparsebench.registry import Registry
from sparsebench.suite import Suite


def needs(suite: Suite, registry: Registry) -> tuple[list[ResolvedModel], list[Fetchable]]:
    """The models, made but not loaded, and all that may have to be downloaded: these, collections, banks, dev sets."""
    models = [answering(resolve_model(spec, registry)) for spec in suite.models]
    sources: list[Fetchable] = []
    for spec in suite.collections:
        with calling_source(spec, registry):
            sources += Sources.of(spec, registry).all
    return models, [*sources, *(model.model for model in models)]
