"""Removing the wackiest tokens, beyond what removing matched random ones does (METHODS 2.5), read from records."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

import numpy as np

from sparsebench import Json, Record
from sparsebench_plugins.analyzers.domain_gap.gap import Effect, Gap, measure_gap


def removal_gaps(records: Sequence[Record], analysis: str) -> Iterator[Gap]:
    """One gap a model whose queries were studied by `analysis`, the label of a `removal`.

    A collection where too few tokens could be scored has no effect to compare; the reader sees which are left.
    """
    by_model: dict[str, list[Effect]] = {}
    for record in studied(records, analysis):
        by_model.setdefault(record.cell.model.label, []).append(_effect(record, record.analysis[analysis]))
    for model, effects in by_model.items():
        yield measure_gap(model, effects)


def studied(records: Sequence[Record], analysis: str) -> list[Record]:
    """One record for each model and collection with a removal study, which is the same whatever the postprocessor."""
    found: dict[tuple[str, str], Record] = {}
    for record in records:
        if "per_query" in record.analysis.get(analysis, {}):
            found.setdefault((record.cell.model.label, record.cell.collection.label), record)
    return list(found.values())


def refusals(records: Sequence[Record], analysis: str) -> dict[tuple[str, str], list[str]]:
    """Map (model, reason) -> collections that have no removal study of the model for this reason."""
    refused: dict[tuple[str, str], dict[str, None]] = {}
    for record in records:
        if reason := record.analysis.get(analysis, {}).get("not_applicable"):
            refused.setdefault((record.cell.model.label, reason), {})[record.cell.collection.label] = None
    return {why: list(collections) for why, collections in refused.items()}


def _effect(record: Record, found: Mapping[str, Json]) -> Effect:
    collection = record.cell.collection
    return Effect(
        collection.label, collection.params["domain"], np.array(list(found["per_query"].values())), found["p"]
    )
