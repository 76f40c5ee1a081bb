"""The columns beside the measures: how a system was tuned, how sparse and how wacky it is, what it cost."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

from sparsebench.leaderboard.figures import Field, Figure
from sparsebench.records import Record

# What a system itself costs: analyses, tuning and loading are in the records alone.
SYSTEM_STAGES = ("encode documents", "encode queries", "rank")

USUAL_SCALE = "median_top1"

Read = Callable[[Record], Field]


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


def sparsity(record: Record, name: str) -> float | None:
    """A figure of the analyzer `sparsity`."""
    value: float | None = record.analysis.get("sparsity", {}).get(name)
    return value


def w_auc(record: Record) -> float | None:
    """The robust form of the analyzer `wackiness` (METHODS 2.2)."""
    value: float | None = record.analysis.get("wackiness", {}).get("robust", {}).get("w_auc")
    return value


def hub_skewness(record: Record) -> float | None:
    """Of N_10, by the analyzer `hubness` (METHODS 3.5)."""
    found = record.analysis.get("hubness", {})
    value: float | None = found.get("skewness") if found.get("k") == 10 else None
    return value


def seconds(record: Record) -> float | None:
    """What the system itself took; vectors from the store count what they cost when made."""
    stages: Mapping[str, float] = record.costs.seconds if record.costs else {}
    return sum(stages.get(stage, 0.0) for stage in SYSTEM_STAGES) if stages else None


def machine(record: Record) -> str | None:
    """The fingerprint of the hardware; costs are comparable within one alone."""
    return record.costs.hardware.fingerprint if record.costs else None


def machines(records: Sequence[Record]) -> list[str]:
    """The different fingerprints, in order of appearance."""
    return list(dict.fromkeys(found for record in records if (found := machine(record))))


def extra_columns(records: Sequence[Record], *, costs: bool) -> dict[str, Read]:
    """Name -> how to read it, without those that no record has. Seconds of several machines are not shown."""
    columns = dict(_COLUMNS)
    if costs and len(machines(records)) <= 1:
        columns["seconds"] = _figure(seconds, 1)
    if len({record.cell.candidates for record in records}) > 1:
        columns = {"candidates": lambda record: record.cell.candidates, **columns}
    return {name: read for name, read in columns.items() if any(read(record) is not None for record in records)}


def _figure(read: Callable[[Record], float | None], digits: int) -> Read:
    def field(record: Record) -> Figure | None:
        value = read(record)
        return None if value is None else Figure(value, digits)

    return field


_COLUMNS: dict[str, Read] = {
    "tuned": tuned,
    "L0 query": _figure(lambda record: sparsity(record, "l0_query"), 1),
    "L0 document": _figure(lambda record: sparsity(record, "l0_document"), 1),
    "FLOPS": _figure(lambda record: sparsity(record, "flops"), 2),
    "W-AUC*": _figure(w_auc, 3),
    "N_10 skew": _figure(hub_skewness, 2),
}
