"""A model of a suite, made but not loaded, and what names its vectors."""

from __future__ import annotations

from dataclasses import dataclass

from sparsebench.collection.corpus import Corpus
from sparsebench.contracts import Model
from sparsebench.provenance.digests import library_versions
from sparsebench.provenance.source import code_digest
from sparsebench.registry import Registered, Registry
from sparsebench.suite import ModelSpec
from sparsebench.types import Json, Role

ENCODING = "sparsebench.encoding.stored"
"""The module whose code, with all that it leads to, decides what vectors are besides the plugin."""


@dataclass(frozen=True)
class ResolvedModel:
    """A model of a suite: made, not loaded."""

    spec: ModelSpec
    model: Model
    registered: Registered

    def identity(self, role: Role, corpus: Corpus, device: str) -> dict[str, Json]:
        """All that determines its vectors (or scores) on this collection and device class."""
        fitted = {"corpus": corpus.digest} if self.model.reads_corpus else {}
        return {
            "model": dict(self.model.identity_of(role)),
            "plugin": self.registered.source_digest,
            "harness": code_digest(ENCODING),
            "libraries": library_versions(),
            "device": device.partition(":")[0],
            "dtype": "float32",
            **fitted,
        }


def resolve_model(spec: ModelSpec, registry: Registry) -> ResolvedModel:
    """Raises PluginError or ModelError; the suite has checked names and parameters before."""
    registered = registry.get("models", spec.name)
    return ResolvedModel(spec, registered.plugin.factory(**spec.params), registered)
