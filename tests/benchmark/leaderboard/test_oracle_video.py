"""Published figures of text-video systems: which cells repeat one, and what is said of the others."""

from __future__ import annotations

from typing import Any

import pytest

from boards import rich_record
from sparsebench.leaderboard.board import board_of
from sparsebench.leaderboard.oracle import Stamp, stamps
from sparsebench.leaderboard.oracle_video import text_video
from sparsebench.records import Index, Record

ZERO_SHOT = {"Success@1": 0.311, "Success@5": 0.537, "Success@10": 0.634, "MdR": 4.0, "MnR": 41.6}


def cell(measures: dict[str, float] | None = None, **changes: Any) -> Record:
    """Zero-shot CLIP4Clip on 1kA, text to video. changes: of its parameters, or `direction`, `queries`, `name`, …"""
    record = rich_record("beir/scifact/test", "splade", "none").model_dump()
    record["measures"] = ZERO_SHOT if measures is None else measures
    params = {"checkpoint": "openai/clip-vit-base-patch32", "words": 32, "frames": None, "head": None}
    record["cell"]["model"] = {"name": changes.pop("name", "clip4clip"), "label": "CLIP4Clip", "params": params}
    direction = changes.pop("direction", "text_to_video")
    record["cell"]["collection"]["name"] = changes.pop("collection", "video/msrvtt-1ka")
    record["cell"]["collection"]["params"] |= {"split": None, "params": {"direction": direction}}
    record["cell"]["postprocessor"]["name"] = changes.pop("postprocessor", "none")
    record["provenance"]["collection"] |= {"queries": changes.pop("queries", 1000), "documents": 1000}
    params |= changes
    return Record.model_validate(record)


def found(record: Record) -> dict[str, Stamp]:
    return {
        stamp.measure: stamp
        for stamp in stamps(board_of(Index(suite="s", description="", cells=(record.key,)), [record]))
    }


def test_the_row_without_training_has_a_twin_in_every_measure() -> None:
    verdicts = {name: stamp.verdict for name, stamp in found(cell()).items()}
    assert verdicts == dict.fromkeys(ZERO_SHOT, "OK")


def test_the_dot_product_of_drl_is_the_same_row() -> None:
    assert found(cell(name="drl", interaction="dp")).keys() == ZERO_SHOT.keys()
    assert not found(cell(name="drl", interaction="ti"))


def test_video_to_text_has_a_row_of_its_own() -> None:
    assert found(cell(direction="video_to_text"))["Success@1"].published == 0.265


@pytest.mark.parametrize(
    ("measure", "value", "verdict"),
    [
        ("Success@1", 0.316, "OK"),
        ("Success@1", 0.33, "near"),
        ("Success@1", 0.34, "FAIL"),
        ("MnR", 42.4, "OK"),
        ("MnR", 45.7, "near"),
        ("MnR", 50.0, "FAIL"),
    ],
)
def test_shares_and_ranks_are_judged_each_in_its_own_unit(measure: str, value: float, verdict: str) -> None:
    assert found(cell({measure: value}))[measure].verdict == verdict


@pytest.mark.parametrize(
    "changes",
    [
        {"checkpoint": "openai/clip-vit-base-patch16"},
        {"head": "seqTransf"},
        {"frames": 8},
        {"queries": 999},
        {"collection": "video/msrvtt"},
        {"postprocessor": "dsl"},
        {"name": "xclip"},
    ],
)
def test_what_differs_from_the_published_run_has_no_twin(changes: dict[str, Any]) -> None:
    assert not found(cell(**changes))


def test_every_row_names_its_source_and_whether_it_was_chosen_on_the_test_set() -> None:
    rows = text_video().facts
    assert rows[0].system == "CLIP, zero-shot, meanP"
    assert all(row.source and row.measures for row in rows)
    assert {row.chosen_on_test for row in rows if row.twins} == {"no"}
    assert {row.chosen_on_test for row in rows if row.system.startswith(("CLIP4Clip", "DRL"))} == {"yes"}


def test_only_what_has_a_count_of_queries_and_documents_can_have_a_twin() -> None:
    for row in text_video().facts:
        assert bool(row.twins) == (row.queries is not None and row.documents is not None)
