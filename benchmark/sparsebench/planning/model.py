"""A model of a suite, made but not loaded, and what names its vectors."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import get_args

from sparsebench.collection.corpus import Corpus
from sparsebench.contracts import Model
from sparsebench.contracts.plain import plain_mapping
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

    @cached_property
    def identities(self) -> Mapping[Role, Mapping[str, Json]]:
        """What the model says decides what it makes of texts in each role. Raises ContractError unless it is JSON."""
        owner = f"{type(self.model).__name__}.identity"
        roles: tuple[Role, ...] = get_args(Role)
        return {role: plain_mapping(self.model.identity_of(role), owner, role) for role in roles}

    def identity(self, role: Role, corpus: Corpus, device: str) -> dict[str, Json]:
        """All that determines its vectors (or scores) on this collection and, where that computes them, this device."""
        fitted = {"corpus": corpus.digest} if self.model.reads_corpus else {}
        return {
            "model": dict(self.identities[role]),
            "plugin": self.registered.source_digest,
            "harness": code_digest(ENCODING),
            "libraries": library_versions(),
            "computed_by": dict(self.model.computed_by(role, device)),
            **fitted,
        }


def resolve_model(spec: ModelSpec, registry: Registry) -> ResolvedModel:
    """Raises PluginError or ModelError; the suite has checked names and parameters before."""
    registered = registry.get("models", spec.name)
    return ResolvedModel(spec, registered.plugin.factory(**spec.params), registered)
