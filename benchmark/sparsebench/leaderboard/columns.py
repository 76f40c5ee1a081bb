"""The columns beside the measures: how a system was tuned, what analyzers say of it, what it cost."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

from sparsebench.contracts.display import Column
from sparsebench.leaderboard.board import Board, measures_of
from sparsebench.leaderboard.figures import Field, Figure
from sparsebench.records import Record

# What a system itself costs: analyses, tuning and loading are in the records alone.
SYSTEM_STAGES = ("encode documents", "encode queries", "rank")

USUAL_SCALE = "median_top1"

OWN_COLUMNS = ("rank", "Δ baseline", "candidates", "tuned", "seconds", "model", "postprocessor", "sees")
"""Names that an analyzer's column cannot have for itself."""

Read = Callable[[Record], Field]


@dataclass(frozen=True)
class Declared:
    """A column that an analysis declares. name: unique in the board's tables. key: unique in data for programs."""

    name: str
    key: str
    analysis: str
    column: Column

    def value(self, record: Record) -> float | str | None:
        """Return the record's value for the column; None where it has nothing."""
        try:
            return self.column.read(record.analysis.get(self.analysis, {}))
        except KeyError:
            return None

    def field(self, record: Record) -> Field:
        """The value as tables print it."""
        value = self.value(record)
        return value if value is None or isinstance(value, str) else Figure(value, self.column.digits)


def declared_columns(board: Board, *, taken: Collection[str] = ()) -> list[Declared]:
    """The columns that the board's analyses declare, in the suite's order.

    Where two declare one name, or one that the harness or a measure has, the label of the analysis is added. taken:
    keys that are used already.
    """
    pairs = [(label, column) for label, shown in board.shown.items() for column in shown.columns]
    measures = {name for record in board.collections.values() for name in measures_of(record)}
    names = Counter([*{*measures, *OWN_COLUMNS}, *(column.label for _, column in pairs)])
    keys = Counter([*{*measures, *taken}, *map(_key, (column for _, column in pairs))])
    return [
        Declared(
            name=column.label if names[column.label] == 1 else f"{column.label} ({label})",
            key=_key(column) if keys[_key(column)] == 1 else f"{label}.{column.path}",
            analysis=label,
            column=column,
        )
        for label, column in pairs
    ]


def _key(column: Column) -> str:
    return column.path.rpartition(".")[2]


def tuned(record: Record) -> str | None:
    """The temperature and how it was chosen; the scale and the pool where they are not the usual ones (METHODS 3.7)."""
    params = record.cell.postprocessor.params
    if record.tuning is not None:
        chosen = ", ".join(f"{name} {value:g}" for name, value in record.tuning.chosen.items())
        how = f"{chosen} (of {len(record.tuning.tried)}, {record.tuning.measure} on {record.tuning.on})"
    elif "tau" in params:
        how = f"tau {params['tau']:g} (fixed)"
    else:
        return None
    scale = [f"scale {params['scale']}"] if params.get("scale", USUAL_SCALE) != USUAL_SCALE else []
    pool = [f"pool {params['pool']}"] if params.get("pool") else []
    return ", ".join([how, *scale, *pool])


def seconds(record: Record) -> float | None:
    """Return the seconds the system itself took; vectors from the store count what they cost when made."""
    stages: Mapping[str, float] = record.costs.seconds if record.costs else {}
    return sum(stages.get(stage, 0.0) for stage in SYSTEM_STAGES) if stages else None


def machine(record: Record) -> str | None:
    """The fingerprint of the hardware; costs are comparable within one alone."""
    return record.costs.hardware.fingerprint if record.costs else None


def machines(records: Sequence[Record]) -> list[str]:
    """The different fingerprints, in order of appearance."""
    return list(dict.fromkeys(found for record in records if (found := machine(record))))


@dataclass(frozen=True)
class Extra:
    """A column beside the measures. better: as Column has it."""

    name: str
    read: Read
    better: Literal["larger", "smaller"] | None = None


def extra_columns(board: Board, records: Sequence[Record], *, costs: bool) -> list[Extra]:
    """List the extra columns that any of the records has. Seconds of several machines are not shown."""
    columns = [Extra(each.name, each.field, each.column.better) for each in declared_columns(board)]
    if costs and len(machines(records)) <= 1:
        columns.append(Extra("seconds", _seconds))
    columns.append(Extra("tuned", tuned))
    if len({record.cell.candidates for record in records}) > 1:
        columns.insert(0, Extra("candidates", lambda record: record.cell.candidates))
    return [column for column in columns if any(column.read(record) is not None for record in records)]


def _seconds(record: Record) -> Figure | None:
    value = seconds(record)
    return None if value is None else Figure(value, 1)
