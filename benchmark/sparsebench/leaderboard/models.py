"""Marks and notes on models beside their figures: training data, and lengths that a suite set itself."""

from __future__ import annotations

from sparsebench.leaderboard.board import Board
from sparsebench.records import Record

TRAINED = "°"
"""Marks a figure of a collection that the model was trained on."""


def trained_mark(record: Record | None) -> str:
    """The mark of a pair that is not zero-shot; nothing where it is, or nobody knows."""
    return TRAINED if record is not None and record.cell.about_model.get("zero_shot") is False else ""


def model_notes(board: Board) -> list[str]:
    """The paragraphs that apply."""
    pairs = dict.fromkeys(
        f"{record.cell.model.label} on {record.cell.collection.label}"
        for record in board.records
        if trained_mark(record)
    )
    lines = (
        [f"{TRAINED}: not zero-shot, the model was trained on this collection: {', '.join(pairs)}."] if pairs else []
    )
    said = {record.cell.model.label: record.cell.about_model.get("overrides") or () for record in board.records}
    lengths = "; ".join(f"{label} {', '.join(texts)}" for label, texts in said.items() if texts)
    return [*lines, f"Lengths of the suite in place of the checkpoint's own: {lengths}."] if lengths else lines
