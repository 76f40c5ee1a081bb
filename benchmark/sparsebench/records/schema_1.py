"""Records of schema 1, as published before checksums: read as schema 2, and written as schema 2 from then on."""

from __future__ import annotations

from collections.abc import Mapping

from sparsebench.types import Json


def upgraded(content: Mapping[str, Json]) -> dict[str, Json]:
    """A record of schema 1 in the words of schema 2; it has no checksums."""
    kept = {name: value for name, value in content.items() if name != "queries"}
    return {**kept, "schema": 2, "tuning": _tuning(content.get("tuning")), "costs": content.get("costs") or None}


def _tuning(tuning: Json) -> Json:
    """Schema 1 had the parameters of a trial beside its value."""
    if not tuning:
        return tuning
    trials = [
        {"parameters": {name: at for name, at in trial.items() if name != "value"}, "value": trial["value"]}
        for trial in tuning["tried"]
    ]
    return {**tuning, "tried": trials}
