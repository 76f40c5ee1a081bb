"""Look-ups in what the analyses of a record found: by the analyzer that made them, never by what they are called."""

from __future__ import annotations

from collections.abc import Mapping

from sparsebench.records.record import Record
from sparsebench.types import Json


def analyses_by(record: Record, analyzer: str) -> dict[str, Mapping[str, Json]]:
    """Map label to findings, for the analyses of a record that the analyzer of this name made."""
    return {label: found for label, found in record.analysis.items() if analyzer_of(label, found) == analyzer}


def analyzer_of(label: str, found: Mapping[str, Json]) -> str:
    """The name of the analyzer behind an analysis.

    Records that were written before they named it (schema 1) have the label alone, which is the name unless the suite
    gave another.
    """
    return str(found.get("analyzer", {}).get("name", label))
