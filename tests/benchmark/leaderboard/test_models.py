"""What a table says of models: what they were trained on, and lengths that a suite set itself."""

from __future__ import annotations

from pathlib import Path

import pytest

from boards import rich_record, write_records
from sparsebench.leaderboard import read_report
from sparsebench.records import Record


def known(record: Record, **about: object) -> Record:
    return record.model_copy(update={"cell": record.cell.model_copy(update={"about_model": about})})


@pytest.fixture
def text(tmp_path: Path) -> str:
    """Splade was trained on web, and cuts documents where its checkpoint does not."""
    about = {"overrides": ["documents: 128 tokens, declared 512"]}
    records = [
        known(rich_record("web", "splade", "none"), zero_shot=False, **about),
        known(rich_record("beir/scifact/test", "splade", "none"), zero_shot=True, **about),
        rich_record("web", "bm25", "none"),
        rich_record("beir/scifact/test", "bm25", "none"),
    ]
    write_records(tmp_path / "rich", records)
    return read_report(tmp_path / "rich").render("md")


def test_a_pair_that_is_not_zero_shot_is_marked_and_said(text: str) -> None:
    assert "°: not zero-shot, the model was trained on this collection: splade on web." in text
    marked = [line for line in text.splitlines() if "°" in line and line.startswith("|")]
    assert marked
    assert all("splade" in line and line.count("°") == 1 for line in marked)


def test_a_length_of_the_suite_in_place_of_the_checkpoint_s_own_is_a_footnote(text: str) -> None:
    note = "Lengths of the suite in place of the checkpoint's own: splade documents: 128 tokens, declared 512."
    assert note in text


def test_boards_of_which_nothing_is_known_say_nothing(tmp_path: Path) -> None:
    write_records(tmp_path / "rich", [rich_record("web", "bm25", "none")])
    text = read_report(tmp_path / "rich").render("md")
    assert "zero-shot" not in text
    assert "Lengths of the suite" not in text
