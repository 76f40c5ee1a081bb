"""Definitions of wackiness in a record, an analysis and a preset each."""

from __future__ import annotations

from collections.abc import Collection, Mapping

from sparsebench import Json, Record


def definitions(record: Record) -> dict[str, Mapping[str, Json]]:
    """Map `analysis: preset` to the values of the preset, for every W-AUC of a record, as `wackiness: robust`.

    What else an analysis holds has no `w_auc`, so records that do not name their analyzers (schema 1) are read too.
    """
    return {
        f"{label}: {preset}": block
        for label, found in record.analysis.items()
        for preset, block in found.items()
        if isinstance(block, dict) and "w_auc" in block
    }


def first_robust(names: Collection[str]) -> str:
    """The definition that others are compared with: the first whose preset is `robust`, else the first of all."""
    return next((name for name in names if name.endswith(": robust")), next(iter(names)))
