"""Suite -> cells, grouped so that each model reads each collection once; the key of every artefact."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from benchmark.collection import topics_digest
from benchmark.contracts import GroupAnalyzer, Postprocessor, Scorer
from benchmark.encode import KIND as VECTORS
from benchmark.encode import Encoder, document_shards
from benchmark.fingerprint import digest, source_digest
from benchmark.leaderboard.board import cell_folder
from benchmark.record import RECORD_FILE, CellDescription, Part, Record, read_record
from benchmark.registry import Registered, Registry
from benchmark.resolve import ResolvedModel, TestCollection
from benchmark.store import Store
from benchmark.suite import AnalyzerSpec, PostprocessorSpec, Suite
from benchmark.types import Candidates, Json, Role

# Code that decides what a run is, besides the plugins and the encoder.
RUN_CODE = ("benchmark.cell", "benchmark.search", "benchmark.postprocess", "benchmark.rank", "benchmark.collection")
ANALYSIS_FILE = "analysis.json"


@dataclass(frozen=True)
class PlannedAnalysis:
    """One analyzer of a group."""

    spec: AnalyzerSpec
    params: Mapping[str, Json]
    registered: Registered
    key: str

    def make(self) -> GroupAnalyzer:
        """The analyzer itself."""
        return self.registered.plugin.factory(**self.params)


@dataclass(frozen=True)
class PlannedCell:
    """One postprocessor of a group."""

    spec: PostprocessorSpec
    params: Mapping[str, Json]
    registered: Registered
    candidates: Candidates
    key: str

    def make(self, **tuned: Json) -> Postprocessor:
        """The postprocessor, with tuned parameters in the place of its own."""
        return self.registered.plugin.factory(**{**self.params, **tuned})


@dataclass(frozen=True)
class Group:
    """A model on a collection, and all that is asked of it."""

    model: ResolvedModel
    collection: TestCollection
    device: str
    depth: int
    cells: tuple[PlannedCell, ...]
    analyses: tuple[PlannedAnalysis, ...]

    @cached_property
    def identities(self) -> dict[Role, dict[str, Json]]:
        """What names the vectors of each role."""
        return {role: self.model.identity(role, self.collection.corpus, self.device) for role in ("query", "document")}

    def describe(self, cell: PlannedCell) -> CellDescription:
        """The cell in the words of the record."""
        spec = self.collection.spec
        collection = spec.model_dump(mode="json", exclude_none=True, exclude={"bank", "dev", "name"})
        params = {**cell.params, "scale": cell.spec.scale}
        return CellDescription(
            collection=Part(name=self.collection.source.name, label=spec.label, params=collection),
            model=Part(name=self.model.spec.name, label=self.model.spec.label, params=dict(self.model.params)),
            postprocessor=Part(name=cell.spec.name, label=cell.spec.label, params=params),
            candidates=cell.candidates,
            depth=self.depth,
        )


@dataclass(frozen=True)
class Plan:
    """Everything a suite asks for, in its order: collections, then models, then postprocessors."""

    suite: Suite
    groups: tuple[Group, ...]

    @property
    def cells(self) -> list[tuple[Group, PlannedCell]]:
        """Every cell with its group."""
        return [(group, cell) for group in self.groups for cell in group.cells]


def make_plan(
    suite: Suite,
    registry: Registry,
    models: Sequence[ResolvedModel],
    collections: Sequence[TestCollection],
    device: str,
) -> Plan:
    """Combine what was resolved."""
    groups = tuple(_group(suite, registry, model, collection, device) for collection in collections for model in models)
    return Plan(suite, groups)


def _group(suite: Suite, registry: Registry, model: ResolvedModel, collection: TestCollection, device: str) -> Group:
    empty = Group(model, collection, device, suite.depth, (), ())
    shared = {"identities": empty.identities, "collection": collection.digests}
    cells = tuple(_cell(suite, registry, empty, spec, shared) for spec in suite.postprocessors)
    analyses = tuple(_analysis(registry, collection, spec, shared) for spec in suite.analyzers)
    return Group(model, collection, device, suite.depth, cells, analyses)


def _cell(
    suite: Suite, registry: Registry, group: Group, spec: PostprocessorSpec, shared: Mapping[str, Json]
) -> PlannedCell:
    registered = registry.get("postprocessors", spec.name)
    params = registered.resolved(spec.params)
    default: Candidates = "all" if isinstance(group.model.model, Scorer) else "retrieved"
    candidates = spec.candidates or suite.candidates or default
    bank, dev = group.collection.bank, group.collection.dev
    reads_bank = registered.plugin.factory.sees == "bank" and bank is not None
    key = digest(
        {
            **shared,
            "code": source_digest(*RUN_CODE),
            "candidates": candidates,
            "depth": group.depth,
            "postprocessor": [spec.name, params, spec.scale, registered.source_digest],
            "tune": spec.tune.model_dump(mode="json") if spec.tune else None,
            "dev": topics_digest(dev) if spec.tune and dev else None,
            "bank": topics_digest(bank) if reads_bank and bank else None,
            "bank_sample": spec.bank.model_dump(mode="json") if reads_bank and spec.bank else None,
        }
    )
    return PlannedCell(spec, params, registered, candidates, key)


def _analysis(
    registry: Registry, collection: TestCollection, spec: AnalyzerSpec, shared: Mapping[str, Json]
) -> PlannedAnalysis:
    registered = registry.get("analyzers", spec.name)
    params = registered.resolved(spec.params)
    bank = topics_digest(collection.bank) if collection.bank else None
    key = digest({**shared, "analyzer": [spec.name, params, registered.source_digest], "bank": bank})
    return PlannedAnalysis(spec, params, registered, key)


def finished(suite_folder: Path, cell: PlannedCell) -> Record | None:
    """The record of a cell that is already computed."""
    path = cell_folder(suite_folder, cell.key) / RECORD_FILE
    if not path.is_file():
        return None
    record = read_record(path)
    return record if record.status == "ok" and record.key == cell.key else None


def missing_documents(group: Group, store: Store) -> int:
    """How many documents of the group have no vectors yet."""
    if isinstance(group.model.model, Scorer):
        return 0
    encoder = Encoder(group.identities["document"], "document", _never)
    shards = document_shards(encoder, group.collection.corpus)
    return sum(len(shard) for shard, key in shards.items() if not store.holds(VECTORS, key))


def _never() -> None:
    raise AssertionError("a plan loads no encoder")
