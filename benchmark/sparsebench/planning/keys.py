"""Keys of cells and analyses: digests of all that determines their bytes, which no clock, host or label does."""

from __future__ import annotations

import importlib.metadata
from collections.abc import Mapping

from sparsebench.contracts import Postprocessor
from sparsebench.provenance.digests import content, digest
from sparsebench.provenance.source import code_digest
from sparsebench.registry import Registered
from sparsebench.suite import AnalyzerSpec, PostprocessorSpec
from sparsebench.types import Candidates, Json

RANKING = "sparsebench.evaluate.cell"
"""The module whose code, with all that it leads to, decides what a run is besides the plugins."""
ANALYZING = "sparsebench.evaluate.analysis"
"""The same of what analyzers are given."""
MEASURING = ("sparsebench.measures", "sparsebench.records.per_query")
"""The same of the value of a measure, which is taken from what is written down for each query."""


def cell_parts(
    spec: PostprocessorSpec,
    registered: Registered,
    candidates: Candidates,
    *,
    depth: int,
    shared: Mapping[str, Json],
    roles: Mapping[str, Mapping[str, Json]],
) -> dict[str, Json]:
    """Return all that determines a cell, whose digest is its key. shared: of its group. roles: of the other queries."""
    factory: type[Postprocessor] = registered.plugin.factory
    asked = {"name": spec.name, "params": content(spec.params), "scale": spec.scale, "code": registered.source_digest}
    return {
        **shared,
        "code": code_digest(RANKING),
        "candidates": candidates,
        "depth": depth,
        "postprocessor": asked,
        "roles": _read_roles(factory, spec, roles),
        "bank_sample": spec.bank.model_dump(mode="json") if factory.sees == "bank" and spec.bank else None,
        "tune": {**spec.tune.model_dump(mode="json"), "measured_by": measuring_version()} if spec.tune else None,
    }


def analysis_key(spec: AnalyzerSpec, registered: Registered, read: Mapping[str, Json]) -> str:
    """The key of an analysis. read: what it reads, which for a cell or suite analyzer is completed later."""
    return digest(
        {
            **read,
            "code": code_digest(ANALYZING),
            "analyzer": [spec.name, content(spec.params), registered.source_digest],
        }
    )


def measuring_version() -> str:
    """Return the digest of the code that decides the value of a measure of a run."""
    return digest([code_digest(*MEASURING), importlib.metadata.version("ir_measures")])


def _read_roles(
    factory: type[Postprocessor], spec: PostprocessorSpec, roles: Mapping[str, Mapping[str, Json]]
) -> dict[str, Json]:
    """The parts of a collection's queries that a cell reads; the bank's own documents only where they are read too."""
    parts = {"bank", "dev"} if spec.tune else {"bank"} if factory.sees == "bank" else set()
    unread = set() if spec.tune or factory.reads_bank_gallery else {"documents"}
    return {
        part: {name: value for name, value in found.items() if name not in unread}
        for part, found in roles.items()
        if part in parts
    }
