"""The columns beside the measures."""

from __future__ import annotations

import pytest

from sparsebench.leaderboard.columns import tuned
from sparsebench.records import CellDescription, Part, Record, Trial, Tuning
from sparsebench.types import Json


def record(params: dict[str, Json], tuning: Tuning | None = None, **analysis: Json) -> Record:
    cell = CellDescription(
        collection=Part(name="web", label="web", params={}),
        model=Part(name="bm25", label="bm25", params={}),
        postprocessor=Part(name="method", label="method", params=params),
        candidates="all",
        depth=10,
    )
    return Record(key="0" * 64, status="ok", cell=cell, tuning=tuning, analysis=analysis)


TRIED = (Trial(parameters={"tau": 0.5}, value=0.1),) * 3
TUNING = Tuning(on="dev", queries=1, measure="RR@10", chosen={"tau": 0.5}, tried=TRIED)


@pytest.mark.parametrize(
    ("params", "tuning", "said"),
    [
        ({"scale": "median_top1"}, None, None),
        ({"k": 10, "scale": "none"}, None, None),
        ({"tau": 0.05, "scale": "median_top1"}, None, "tau 0.05 (fixed)"),
        ({"tau": 0.05, "pool": None, "scale": "none"}, None, "tau 0.05 (fixed), scale none"),
        ({"tau": 0.05, "pool": 50, "scale": 2.0}, None, "tau 0.05 (fixed), scale 2.0, pool 50"),
        ({"scale": "median_top1"}, TUNING, "tau 0.5 (of 3, RR@10 on dev)"),
        ({"scale": "none"}, TUNING, "tau 0.5 (of 3, RR@10 on dev), scale none"),
    ],
)
def test_a_row_says_its_temperature_and_how_it_was_chosen(
    params: dict[str, Json], tuning: Tuning | None, said: str | None
) -> None:
    assert tuned(record(params, tuning)) == said
