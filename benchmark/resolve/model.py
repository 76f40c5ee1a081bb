"""A model of a suite, made but not loaded, and what names its vectors."""

from __future__ import annotations

from dataclasses import dataclass

from benchmark.collection import Corpus
from benchmark.contracts import CollectionModel, Model, Scorer
from benchmark.fingerprint import library_versions, source_digest
from benchmark.registry import Registered, Registry
from benchmark.suite import ModelSpec
from benchmark.types import Json, Role


@dataclass(frozen=True)
class ResolvedModel:
    """A model of a suite: made, not loaded."""

    spec: ModelSpec
    model: Model
    registered: Registered

    def identity(self, role: Role, corpus: Corpus, device: str) -> dict[str, Json]:
        """All that determines its vectors (or scores) on this collection and device class."""
        own = self.model.identity() if isinstance(self.model, Scorer) else self.model.identity(role)
        fitted = {"corpus": corpus.digest} if isinstance(self.model, CollectionModel) else {}
        return {
            "model": dict(own),
            "plugin": self.registered.source_digest,
            "harness": source_digest("benchmark.encoding"),
            "libraries": library_versions(),
            "device": device.partition(":")[0],
            "dtype": "float32",
            **fitted,
        }


def resolve_model(spec: ModelSpec, registry: Registry) -> ResolvedModel:
    """Raises PluginError or ModelError; the suite has checked names and parameters before."""
    registered = registry.get("models", spec.name)
    return ResolvedModel(spec, registered.plugin.factory(**spec.params), registered)
