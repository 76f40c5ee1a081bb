"""Summaries of analyzers in words: on the whole suite, and on each model or cell."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from sparsebench.leaderboard.board import Board
from sparsebench.records import Record


@dataclass(frozen=True)
class Summary:
    """Markdown that one analysis says. of: whom it is about; empty for the whole suite."""

    analysis: str
    of: str
    text: str


@dataclass(frozen=True)
class Refusal:
    """An analysis that was asked for and does not apply, and its reason."""

    analysis: str
    reason: str
    models: tuple[str, ...]
    collections: tuple[str, ...]

    def __str__(self) -> str:
        where = f" on {' and '.join(self.collections)}, {' and '.join(self.models)}" if self.models else ""
        return f"not applicable: {self.analysis}{where} ({self.reason})"


def summaries(board: Board) -> list[Summary]:
    """List all summaries, analysis by analysis: of the suite first, then in the order of the rows."""
    said = [Summary(label, "", found["summary"]) for label, found in board.index.analyses.items() if "summary" in found]
    of_records: dict[str, dict[str, Summary]] = {}
    for record in board.records:
        for label, found in record.analysis.items():
            if "summary" in found:
                summary = Summary(label, _about(board, record, label), found["summary"])
                of_records.setdefault(label, {}).setdefault(found["artefact"], summary)
    return [*said, *(summary for found in of_records.values() for summary in found.values())]


def _about(board: Board, record: Record, label: str) -> str:
    """`model on collection`, with the postprocessor where the analysis differs between those of a model."""
    return f"{system_name(board, record, label)} on {record.cell.collection.label}"


def system_name(board: Board, record: Record, label: str) -> str:
    """The model alone where all its cells on the collection share the analysis."""
    model, postprocessor = record.cell.model.label, record.cell.postprocessor.label
    artefacts = {
        other.analysis.get(label, {}).get("artefact")
        for row in board.rows
        if row.model == model and (other := row.records.get(record.cell.collection.label)) is not None
    }
    return model if len(artefacts) == 1 else f"{model} + {postprocessor}"


def refusals(board: Board) -> list[Refusal]:
    """List reasons why nothing was found, analyses of one reason together."""
    of_suite = [
        Refusal(label, found["not_applicable"], (), ())
        for label, found in board.index.analyses.items()
        if "not_applicable" in found
    ]
    return [*of_suite, *_by_collections(_by_model(board))]


def _by_model(board: Board) -> dict[tuple[str, str, str], list[str]]:
    """Map (analysis, reason, model) -> collections."""
    found: dict[tuple[str, str, str], dict[str, None]] = {}
    for record in board.records:
        for label, analysis in record.analysis.items():
            if "not_applicable" in analysis:
                key = label, analysis["not_applicable"], record.cell.model.label
                found.setdefault(key, {})[record.cell.collection.label] = None
    return {key: list(collections) for key, collections in found.items()}


def _by_collections(by_model: dict[tuple[str, str, str], list[str]]) -> Iterator[Refusal]:
    """Models that are refused on the same collections for the same reason are one refusal."""
    models: dict[tuple[str, str, tuple[str, ...]], list[str]] = {}
    for (label, reason, model), collections in by_model.items():
        models.setdefault((label, reason, tuple(sorted(collections))), []).append(model)
    for (label, reason, refused), names in models.items():
        yield Refusal(label, reason, tuple(names), refused)
