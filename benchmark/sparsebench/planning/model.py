"""A model of a suite, made but not loaded, and what names its vectors."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import get_args

from sparsebench.collection.corpus import Corpus
from sparsebench.contracts import Model, PairedEncoder, Side
from sparsebench.contracts.plain import plain_mapping
from sparsebench.media import decoder_versions
from sparsebench.provenance.digests import library_versions
from sparsebench.provenance.source import code_digest
from sparsebench.registry import Registered, Registry
from sparsebench.suite import ModelSpec
from sparsebench.types import Json, Role

ENCODING = {"vectors": "sparsebench.encoding.stored", "features": "sparsebench.encoding.features"}
"""Kind of artefact -> the module whose code, with all that it leads to, decides what it is besides the plugin."""


@dataclass(frozen=True)
class ResolvedModel:
    """A model of a suite: made, not loaded."""

    spec: ModelSpec
    model: Model
    registered: Registered

    @cached_property
    def identities(self) -> Mapping[Role, Mapping[str, Json]]:
        """Return the model's identity in each role. Raises ContractError unless it is JSON."""
        owner = f"{type(self.model).__name__}.identity"
        roles: tuple[Role, ...] = get_args(Role)
        return {role: plain_mapping(self.model.identity_of(role), owner, role) for role in roles}

    @cached_property
    def about(self) -> Mapping[str, Json]:
        """Return the model's facts about itself beside its parameters; `trained_on` of the suite wins over its own."""
        found = plain_mapping(self.model.about(), f"{type(self.model).__name__}.about", "")
        trained_on = self.spec.trained_on
        return found if trained_on is None else {**found, "trained_on": list(trained_on)}

    def identity(self, role: Role, corpus: Corpus, device: str) -> dict[str, Json]:
        """Return all that determines its vectors (or scores) on this collection and, where that computes them, this
        device.
        """
        fitted = {"corpus": corpus.digest} if self.model.reads_corpus else {}
        return {**self._around(role, device), "model": dict(self.identities[role]), **fitted}

    def side_identity(self, side: Side, device: str) -> dict[str, Json]:
        """Return all that determines the features of one side of a paired encoder on this device class."""
        assert isinstance(self.model, PairedEncoder), "other forms have roles, not sides"
        return {**self._around("document", device), "model": dict(self.model.identity(side))}

    def _around(self, role: Role, device: str) -> dict[str, Json]:
        return {
            "plugin": self.registered.source_digest,
            "harness": code_digest(ENCODING.get(self.model.stored_as or "", ENCODING["vectors"])),
            "libraries": {**library_versions(), **(decoder_versions() if self.model.reads_media else {})},
            "computed_by": dict(self.model.computed_by(role, device)),
        }


def resolve_model(spec: ModelSpec, registry: Registry) -> ResolvedModel:
    """Make the model of a suite's entry.

    Raises PluginError or ModelError; the suite has checked names and parameters before.
    """
    registered = registry.get("models", spec.name)
    return ResolvedModel(spec, registered.plugin.factory(**spec.params), registered)
