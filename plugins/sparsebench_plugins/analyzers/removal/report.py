"""Report of a removal study: values for the record, and its curves as a table."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING

import numpy as np

from sparsebench_plugins.analyzers.tables import csv_text

if TYPE_CHECKING:
    from sparsebench import Json
    from sparsebench_plugins.analyzers.removal.effects import ArmEffects, Effects

BAND = (2.5, 97.5)
"""Percentiles over the repetitions of a random arm."""


def arm_values(arm: ArmEffects) -> dict[str, Json]:
    """An arm in the record: `mass` and `effect` at each point of the grid, `statistic`, and for a random order, whose
    values are means, `low` and `high` (percentiles over repetitions) and the statistic's `interval`."""
    values: dict[str, Json] = {
        "mass": _rounded(arm.mass.mean(axis=0)),
        "effect": _rounded(arm.by_repetition.mean(axis=0)),
        "statistic": float(arm.statistics.mean()),
    }
    if len(arm.by_repetition) == 1:
        return values
    low, high = np.percentile(arm.by_repetition, BAND, axis=0)
    interval = [float(bound) for bound in np.percentile(arm.statistics, BAND)]
    return values | {"low": _rounded(low), "high": _rounded(high), "interval": interval}


def effects_values(effects: Effects, query_ids: list[str]) -> dict[str, Json]:
    """Return all that the record says of the effects. `per_query`: the statistic of the wackiest tokens minus that of
    matched random ones, which is what the interaction of domains is computed from."""
    everything = float(effects.all_expansion.mean())
    return {
        "before": float(effects.before.mean()),
        "arms": {name: arm_values(arm) for name, arm in effects.arms.items()}
        | {"all_expansion": {"mass": 1.0, "effect": everything, "statistic": everything}},
        "p": effects.p,
        "per_query": dict(zip(query_ids, _rounded(effects.beyond_matched), strict=True)),
    }


def curves_table(grid: list[int], arms: Mapping[str, Mapping[str, Json]]) -> str:
    """CSV of all curves: a row for each arm and K; `low` and `high` are empty for a fixed order."""
    return csv_text(["arm", "k", "mass", "effect", "low", "high"], _rows(grid, arms))


def curve_files(grid: list[int], arms: Mapping[str, Mapping[str, Json]]) -> dict[str, str]:
    """A curve file for each arm that has a value at each K: k, effect, and the band of a random order."""
    return {
        f"{name}.curve.csv": csv_text(
            ["k", "effect", "low", "high"][: 4 if "low" in arm else 2],
            zip(grid, *(arm[part] for part in ("effect", "low", "high") if part in arm), strict=True),
        )
        for name, arm in arms.items()
        if name != "all_expansion"
    }


def summary(values: Mapping[str, Json]) -> str:
    """The study in two sentences, for the leaderboard."""
    arms, measure = values["arms"], values["measure"]
    p = values["p"]
    chance = f" Monte-Carlo p of the wackiest against matched random tokens: {p:.2g}." if p is not None else ""
    return (
        f"{measure} is {values['before']:.4f} with nothing removed and {arms['all_expansion']['effect']:+.4f} without "
        f"any expansion; over K, the mean effect of the wackiest tokens is {arms['wackiest']['statistic']:+.4f}, of "
        f"matched random ones {arms['matched']['statistic']:+.4f}.{chance}"
    )


def _rows(grid: list[int], arms: Mapping[str, Mapping[str, Json]]) -> Iterator[list[Json]]:
    for name, arm in arms.items():
        if name == "all_expansion":
            yield [name, "", arm["mass"], arm["effect"], "", ""]
            continue
        for point, k in enumerate(grid):
            bounds = (arm[bound][point] if bound in arm else "" for bound in ("low", "high"))
            yield [name, k, arm["mass"][point], arm["effect"][point], *bounds]


def _rounded(values: np.ndarray) -> list[float]:
    return [round(float(value), 6) for value in values]
