"""Provenance of a computed cell for its record: where its figures come from, and their cost."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict

from sparsebench.evaluate.cell import CellResult
from sparsebench.evaluate.group import Evaluation
from sparsebench.planning import Group, PlannedCell
from sparsebench.provenance import Stopwatch, hardware, software
from sparsebench.records import CollectionFacts, Costs, Hardware, ModelFacts, PluginFacts, Provenance, Software
from sparsebench.types import Json


def provenance_of(evaluation: Evaluation, cell: PlannedCell, result: CellResult) -> Provenance:
    """Software, plugins, model, collection and devices behind a result."""
    return Provenance(
        software=software_facts(),
        plugins=_plugins(evaluation, cell),
        model=_model(evaluation),
        collection=_collection(evaluation, result.notes),
        postprocessing=dict(result.facts),
        device=evaluation.group.device,
        search_device=evaluation.group.search_device,
        dtype="float32",
    )


def software_facts() -> Software:
    """Versions of what is installed."""
    return Software.model_validate(software())


def costs_of(evaluation: Evaluation, *, shared: Stopwatch, own: Stopwatch) -> Costs:
    """Seconds of the group's shared stages and of the cell's own; a cached stage keeps what it once cost."""
    seconds = {**shared.seconds, **evaluation.form.seconds(), **own.seconds}
    return Costs(
        seconds={stage: round(value, 3) for stage, value in seconds.items()},
        peak_memory_mib={**shared.peak_mib, **own.peak_mib},
        peak_gpu_memory_mib={**shared.gpu_peak_mib, **own.gpu_peak_mib} or None,
        hardware=Hardware.model_validate(hardware(_gpu_of(evaluation.group))),
    )


def _plugins(evaluation: Evaluation, cell: PlannedCell) -> dict[str, PluginFacts]:
    group, carrier = evaluation.group, evaluation.collection.provider
    providers = {
        "model": group.model.registered.provider,
        "postprocessor": cell.registered.provider,
        **({"collection": carrier} if carrier else {}),
        **{planned.spec.label: planned.registered.provider for planned in group.analyses},
    }
    return {name: PluginFacts.model_validate(asdict(provider)) for name, provider in providers.items()}


def _model(evaluation: Evaluation) -> ModelFacts:
    group, facts = evaluation.group, evaluation.form.facts()
    return ModelFacts.model_validate({"identity": group.described_identities, **facts})


def _collection(evaluation: Evaluation, notes: Mapping[str, Json]) -> CollectionFacts:
    group, collection = evaluation.group, evaluation.collection
    return CollectionFacts(
        documents=len(collection.corpus.doc_ids),
        queries=len(collection.test.queries),
        digests=group.content_digests,
        counts={**evaluation.counts(), **notes},
    )


def _gpu_of(group: Group) -> str:
    """The device that the record describes: the GPU, where either part of the work has one."""
    return group.device if group.device != "cpu" else group.search_device
