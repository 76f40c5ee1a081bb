"""The reproduction oracle: figures that others published, and how far a board is from them.

A twin of a cell is a published figure of the same checkpoint, collection id, measure and own-id rule, over as many
queries and (but for the few that an index may drop) documents. A folder or a file of texts has no id that others know,
so a pooled sub-collection never has a twin. The data lies in `oracle_data/`: facts, each file with its source.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Literal

from sparsebench.leaderboard.board import Board
from sparsebench.leaderboard.oracle_facts import (
    Effectiveness,
    EffectivenessSource,
    FindingsSource,
    beir13,
    effectiveness_sources,
    wackiness,
)
from sparsebench.leaderboard.oracle_twins import found_twins, is_plain, is_twin, lengths
from sparsebench.leaderboard.oracle_video import text_video, video_twins
from sparsebench.records import Record
from sparsebench.types import Role

Verdict = Literal["OK", "near", "other length", "unknown length", "doubted", "FAIL"]
"""`other length`: texts were cut elsewhere than where the figure was made, so neither says anything of the other.
`unknown length`: the record does not say where.
`doubted`: too far from a figure that those who published it doubt themselves."""

ROUNDING = 5e-5  # published figures have four decimals at most


@dataclass(frozen=True)
class Stamp:
    """A figure of a board beside its twin. difference: found - published."""

    model: str
    postprocessor: str
    collection: str
    measure: str
    found: float
    published: float
    verdict: Verdict
    source: str
    note: str

    @property
    def difference(self) -> float:
        """Found minus published."""
        return self.found - self.published

    def __str__(self) -> str:
        what = f"{self.measure} of {self.model} on {self.collection}"
        return (
            f"{self.verdict}: {what}: {self.found:.4f}, published {self.published:.4f} ({self.difference:+.4f}; "
            f"{self.source}: {self.note})"
        )


def stamps(board: Board) -> tuple[Stamp, ...]:
    """A stamp for every figure of the board that has a twin, row by row."""
    sparse = (stamp for record in board.records if is_plain(record) for stamp in _stamps(record))
    return (*sparse, *_macro(board), *(stamp for record in board.records for stamp in _of_videos(record)))


def _of_videos(record: Record) -> Iterator[Stamp]:
    cell = record.cell
    names = (cell.model.label, cell.postprocessor.label, cell.collection.label)
    for twin in video_twins(record):
        yield Stamp(*names, twin.measure, twin.found, twin.published, twin.verdict, twin.row.source, text_video().note)


def _macro(board: Board) -> Iterator[Stamp]:
    """The mean over all collections of a row of BEIR-13, where a board has every one of them."""
    source = beir13()
    for row in board.rows:
        found = {record.cell.collection.params.get("ir_datasets"): record for record in row.records.values()}
        records = [found[name] for name in source.collections if name in found]
        values = [record.measures["nDCG@10"] for record in records if "nDCG@10" in record.measures]
        checkpoint = records[0].cell.model.params.get("checkpoint") if records else None
        published = source.means.get(checkpoint or "")
        if published is None or len(values) < len(source.collections) or row.postprocessor != "none":
            continue
        mean = sum(values) / len(values)
        verdict = _verdict(abs(mean - published), source.ok, source.near)
        said: Verdict = "doubted" if verdict == "FAIL" else verdict
        names = (row.model, row.postprocessor, "the 13 sets of BEIR")
        yield Stamp(*names, "mean nDCG@10", mean, published, said, source.source, source.note)


def _stamps(record: Record) -> Iterator[Stamp]:
    for source in effectiveness_sources():
        for fact in source.facts:
            if is_twin(record, fact):
                for measure in [name for name in record.measures if name in fact.measures]:
                    found, published = record.measures[measure], fact.measures[measure]
                    verdict = _held(record, abs(found - published), source, fact)
                    yield _stamp(record, measure, found, published, verdict, source, fact.doubt)
    findings = wackiness()
    for known in findings.facts:
        for value in found_twins(record, known):
            verdict = _other(record, findings.lengths) or _verdict(
                abs(value - known.value), known.two_sigma, 2 * known.two_sigma
            )
            yield _stamp(record, known.measure, value, known.value, verdict, findings)


def _held(record: Record, distance: float, source: EffectivenessSource, fact: Effectiveness) -> Verdict:
    """The verdict where texts were cut alike; no correct run fails a figure of other lengths, or a doubted one."""
    if (other := _other(record, source.lengths)) is not None:
        return other
    verdict = _verdict(distance, source.ok, source.near)
    return "doubted" if verdict == "FAIL" and fact.doubt else verdict


def _other(record: Record, published: Mapping[Role, int]) -> Verdict | None:
    """Tell a record whose texts were cut elsewhere, or who knows where; None where they were cut alike."""
    found = lengths(record)
    if any(found[role] != length for role, length in published.items() if role in found):
        return "other length"
    return None if published.keys() <= found.keys() else "unknown length"


def _verdict(distance: float, ok: float, near: float) -> Verdict:
    return "OK" if distance <= ok + ROUNDING else "near" if distance <= near + ROUNDING else "FAIL"


def _stamp(
    record: Record,
    measure: str,
    found: float,
    published: float,
    verdict: Verdict,
    source: EffectivenessSource | FindingsSource,
    doubt: str | None = None,
) -> Stamp:
    cell = record.cell
    names = (cell.model.label, cell.postprocessor.label, cell.collection.label)
    note = f"{source.note}; {doubt}" if doubt else source.note
    return Stamp(*names, measure, found, published, verdict, source.source, note)
