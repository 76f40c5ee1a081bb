"""The plan of a suite: cells grouped so that each model reads each collection once, with the keys of artefacts."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property

from sparsebench.collection.resolved import TestCollection
from sparsebench.collection.topics import topics_digest
from sparsebench.contracts import Analyzer, Postprocessor, Shown, Side
from sparsebench.contracts.hookspecs import AnalyzerPlugin
from sparsebench.device import kind
from sparsebench.errors import SuiteError
from sparsebench.measures.own import OF_ALL_RANKS
from sparsebench.planning.broken import identified
from sparsebench.planning.keys import analysis_key, cell_parts
from sparsebench.planning.measured import refuse_measures
from sparsebench.planning.media import looked_at, refuse_unsuited
from sparsebench.planning.model import ResolvedModel
from sparsebench.provenance.digests import digest
from sparsebench.registry import Registered, Registry
from sparsebench.suite import AnalyzerSpec, PostprocessorSpec, Suite
from sparsebench.types import Candidates, Json, Role


@dataclass(frozen=True)
class PlannedAnalysis:
    """One analyzer of the suite. key: of what it reads, which for a cell or suite analyzer is completed later."""

    spec: AnalyzerSpec
    registered: Registered
    key: str

    @property
    def level(self) -> str:
        """`group`, `cell` or `suite`."""
        return str(self.registered.plugin.factory.level)

    def make(self) -> Analyzer:
        """The analyzer itself."""
        made: Analyzer = self.registered.plugin.factory(**self.spec.params)
        return made

    @cached_property
    def shown(self) -> Shown:
        """Return the columns and curves that leaderboards show of it. Raises PluginError."""
        plugin: AnalyzerPlugin = self.registered.plugin
        return plugin.shown(self.make())


@dataclass(frozen=True)
class PlannedCell:
    """One postprocessor of a group. parts: all that determines it; key: their digest."""

    spec: PostprocessorSpec
    registered: Registered
    candidates: Candidates
    parts: Mapping[str, Json]

    @cached_property
    def key(self) -> str:
        """Return the key that its record lies under."""
        return digest(dict(self.parts))

    def make(self, **tuned: Json) -> Postprocessor:
        """The postprocessor, with the parameters that tuning chose."""
        made: Postprocessor = self.registered.plugin.factory(**self.spec.params, **tuned)
        return made


@dataclass(frozen=True)
class Group:
    """A model on a collection, and all that is asked of it.

    device: what encodes. search_device: what scores, postprocesses and ranks.
    """

    model: ResolvedModel
    collection: TestCollection
    device: str
    search_device: str
    depth: int
    measures: tuple[str, ...]
    cells: tuple[PlannedCell, ...]
    analyses: tuple[PlannedAnalysis, ...]

    @property
    def name(self) -> str:
        """Name of model and collection, for messages."""
        return f"{self.model.spec.label} on {self.collection.spec.label}"

    @property
    def counts_first_ranks(self) -> bool:
        """True if a measure is of ranks beyond the depth of runs, and all pairs have a score to count them by."""
        if not self.model.model.dense:
            return False
        tuned = {cell.spec.tune.measure for cell in self.cells if cell.spec.tune}
        return any(name in OF_ALL_RANKS for name in {*self.measures, *tuned})

    @cached_property
    def identities(self) -> dict[Role, dict[str, Json]]:
        """Return the identities that name the vectors of each role."""
        return {role: self.model.identity(role, self.collection.corpus, self.device) for role in ("query", "document")}

    @cached_property
    def content_digests(self) -> dict[str, Json]:
        """Return the digests of the collection that are part of every cell's key: documents, queries, and what clips
        and images hold.
        """
        return {**self.collection.digests, **looked_at(self.model, self.collection).tested}

    def vector_identity(self, role: Role) -> dict[str, Json]:
        """Return the identity that names the vectors of a role: clips and images count by what they hold."""
        media = self.collection.items_ranked if role == "document" else None
        return {**self.identities[role], **({"media": media.digest} if media else {})}

    def side_identity(self, side: Side) -> dict[str, Json]:
        """Return the identity that names the features of a side of a paired encoder."""
        return self.model.side_identity(side, self.device)

    @property
    def described_identities(self) -> dict[Role, dict[str, Json]]:
        """Identities for records: the model's own in each role, and what of the device computes it."""
        return {role: {**each["model"], **each["computed_by"]} for role, each in self.identities.items()}


@dataclass(frozen=True)
class Plan:
    """Plan of a suite: all that it asks for, in its order: collections, then models, then postprocessors.

    keys: of all cells of the suite, also those that a selection leaves out of `groups`.
    command: that asked for it, where one did.
    analyses: of the suite as a whole. shown: label -> columns and curves, of every analysis of whatever level.
    """

    suite: Suite
    groups: tuple[Group, ...]
    keys: tuple[str, ...]
    analyses: tuple[PlannedAnalysis, ...]
    shown: Mapping[str, Shown] = field(default_factory=dict)
    command: str = ""

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
    search_device: str | None = None,
) -> Plan:
    """Combine what was resolved. device: what encodes; search_device: what else computes, the same where it is None."""
    devices = device, search_device or device
    refuse_measures(suite, collections)
    sound = [identified(model) for model in models]
    groups = tuple(_group(suite, registry, model, collection, devices) for collection in collections for model in sound)
    _refuse_twins(groups)
    keys = tuple(cell.key for group in groups for cell in group.cells)
    analyses = [plan_analysis(registry, spec, {}) for spec in suite.analyzers]
    shown = {each.spec.label: each.shown for each in analyses}
    return Plan(suite, groups, keys, tuple(each for each in analyses if each.level == "suite"), shown)


def _group(
    suite: Suite, registry: Registry, model: ResolvedModel, collection: TestCollection, devices: tuple[str, str]
) -> Group:
    empty = Group(model, collection, *devices, suite.depth, collection.spec.measures or suite.measures, (), ())
    refuse_unsuited(model, collection)
    content = looked_at(model, collection)
    shared = {"identities": empty.identities, "collection": empty.content_digests}
    cells = tuple(_cell(suite, registry, empty, spec, shared, content.of_roles) for spec in suite.postprocessors)
    bank = topics_digest(collection.bank) if collection.bank else None
    analyses = [plan_analysis(registry, spec, {**shared, "bank": bank}) for spec in suite.analyzers]
    return replace(empty, cells=cells, analyses=tuple(each for each in analyses if each.level != "suite"))


def _cell(
    suite: Suite,
    registry: Registry,
    group: Group,
    spec: PostprocessorSpec,
    shared: Mapping[str, Json],
    roles: Mapping[str, Mapping[str, Json]],
) -> PlannedCell:
    registered = registry.get("postprocessors", spec.name)
    candidates = spec.candidates or suite.candidates or group.model.model.default_candidates
    if registered.plugin.factory.sees == "query" and spec.scale not in ("median_top1", "none"):
        raise SuiteError(f"{spec.label}: `scale: {spec.scale}` changes nothing, as {spec.name!r} fits on no queries")
    shared = {**shared, "ranked_on": kind(group.search_device)}
    parts = cell_parts(spec, registered, candidates, depth=group.depth, shared=shared, roles=roles)
    return PlannedCell(spec, registered, candidates, parts)


def plan_analysis(registry: Registry, spec: AnalyzerSpec, read: Mapping[str, Json]) -> PlannedAnalysis:
    """Plan an analysis. read: what names the content that it reads; of a suite's analyzer its records, which are added
    later.
    """
    registered = registry.get("analyzers", spec.name)
    return PlannedAnalysis(spec, registered, analysis_key(spec, registered, read))


def _refuse_twins(groups: Sequence[Group]) -> None:
    """Two cells of one content would be one record under two labels, and one of them would vanish from the table."""
    first: dict[str, str] = {}
    for group in groups:
        for cell in group.cells:
            name = f"{group.collection.spec.label}/{group.model.spec.label}/{cell.spec.label}"
            if first.setdefault(cell.key, name) != name:
                raise SuiteError(f"{first[cell.key]} and {name} are the same in all but their names; keep one of them")
