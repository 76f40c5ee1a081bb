"""Figures of text-video systems that others published, and which of them a cell repeats.

Only what needs no training has a twin: a trained checkpoint is known by nobody else's name. All other rows are kept as
facts with their sources; docs/video.md shows them. A figure that its source chose on the test set says so.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import lru_cache
from importlib import resources
from typing import Literal, NamedTuple

from pydantic import BaseModel, ConfigDict

from sparsebench.records import Record
from sparsebench.types import Json

ROUNDING = 5e-4  # published figures have three decimals
RANKS = ("MdR", "MnR")

Verdict = Literal["OK", "near", "FAIL"]


class _Facts(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class Twin(_Facts):
    """A model of a suite that does what was published. params: parameter -> the values that it may have."""

    model: str
    params: dict[str, tuple[Json, ...]]


class PublishedRow(_Facts):
    """A row of somebody's table. chosen_on_test: whether an epoch or a parameter was chosen by these very figures."""

    system: str
    postprocessor: str
    collection: str
    direction: Literal["text_to_video", "video_to_text"]
    measures: dict[str, float]
    source: str
    chosen_on_test: Literal["yes", "no", "unknown"]
    queries: int | None = None
    documents: int | None = None
    twins: tuple[Twin, ...] = ()


class Tolerance(_Facts):
    """The largest differences of these verdicts."""

    ok: float
    near: float


class PublishedRows(_Facts):
    """Rows that a source published.

    Tolerances: ok, near: of shares; relative: of ranks, as a part of what was published.
    """

    source: str
    note: str
    ok: float
    near: float
    relative: Tolerance
    facts: tuple[PublishedRow, ...]


class VideoTwin(NamedTuple):
    """A measure of a cell beside what was published."""

    measure: str
    found: float
    published: float
    verdict: Verdict
    row: PublishedRow


def video_twins(record: Record) -> Iterator[VideoTwin]:
    """Yield every measure of a cell that a published row has, where the cell repeats it."""
    rows = text_video()
    for row in rows.facts:
        if _repeats(record, row):
            for measure, published in row.measures.items():
                if (found := record.measures.get(measure)) is not None:
                    yield VideoTwin(measure, found, published, _verdict(measure, found, published, rows), row)


def _repeats(record: Record, row: PublishedRow) -> bool:
    cell, facts = record.cell, record.provenance.collection
    params = cell.collection.params
    return (
        record.status == "ok"
        and cell.postprocessor.name == row.postprocessor == "none"
        and cell.collection.name == row.collection
        and params.get("params", {}).get("direction") == row.direction
        and params.get("split") in (None, "test")
        and facts is not None
        and (facts.queries, facts.documents) == (row.queries, row.documents)
        and any(_is(record, twin) for twin in row.twins)
    )


def _is(record: Record, twin: Twin) -> bool:
    model = record.cell.model
    return model.name == twin.model and all(model.params.get(name) in values for name, values in twin.params.items())


def _verdict(measure: str, found: float, published: float, rows: PublishedRows) -> Verdict:
    if measure in RANKS:
        distance, rounding = abs(found - published) / published, 0.05 / published
        ok, near = rows.relative.ok, rows.relative.near
    else:
        distance, rounding, ok, near = abs(found - published), ROUNDING, rows.ok, rows.near
    return "OK" if distance <= ok + rounding else "near" if distance <= near + rounding else "FAIL"


@lru_cache(maxsize=1)
def text_video() -> PublishedRows:
    """CLIP4Clip, DRL, TS2-Net, CAMoE, QB-Norm and BLIP on text-video sets, as their authors published them."""
    data = resources.files("sparsebench.leaderboard") / "oracle_data" / "text_video.json"
    return PublishedRows.model_validate_json(data.read_text(encoding="utf-8"))
