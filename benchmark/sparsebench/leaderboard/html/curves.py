"""Curves for the page: wackiness by token rank, and what the removal of tokens does."""

from __future__ import annotations

from collections.abc import Sequence

from sparsebench.leaderboard.board import Board
from sparsebench.records.evidence import Evidence
from sparsebench.types import Json

MOST_POINTS = 200  # a line on a screen shows no more


def wackiness_curves(board: Board, evidence: Evidence) -> list[dict[str, Json]]:
    """One entry an analysis that left curves: those of its presets, thinned, each with its area."""
    found: dict[str, dict[str, Json]] = {}
    for record in board.records:
        for name, analysis in record.analysis.items():
            artefact = analysis.get("artefact", "")
            if artefact in found or not (curves := evidence.curves(analysis)):
                continue
            found[artefact] = {
                "analysis": name,
                "collection": record.cell.collection.label,
                "model": record.cell.model.label,
                "presets": {
                    preset: {"w_auc": analysis.get(preset, {}).get("w_auc"), "curve": thinned(curve)}
                    for preset, curve in curves.items()
                },
            }
    return list(found.values())


def thinned(curve: Sequence[float]) -> list[float]:
    """At most MOST_POINTS of the curve, evenly spaced, both ends among them."""
    points = min(len(curve), MOST_POINTS)
    if points < 2:
        return [round(value, 4) for value in curve]
    return [round(curve[place * (len(curve) - 1) // (points - 1)], 4) for place in range(points)]


def removal_curves(board: Board) -> list[dict[str, Json]]:
    """What the analyzer `removal` found of each model on each collection."""
    found = {}
    for record in board.records:
        removal = record.analysis.get("removal", {})
        if removal.get("arms"):
            place = record.cell.collection.label, record.cell.model.label
            kept = {name: value for name, value in removal.items() if name not in ("per_query", "files")}
            found[place] = {**kept, "collection": place[0], "model": place[1]}
    return list(found.values())
