from __future__ import annotations

from pathlib import Path

import pytest

from sparsebench.leaderboard.published import published_report
from sparsebench.leaderboard.report import PAGES

LEADERBOARDS = Path(__file__).resolve().parents[1] / "leaderboards"
SUITES = sorted(path.stem for path in LEADERBOARDS.glob("*.md"))


@pytest.mark.parametrize("suite", SUITES)
def test_a_published_page_is_what_its_records_say_and_these_what_their_queries_give(suite: str) -> None:
    report = published_report(LEADERBOARDS, suite)
    assert [report.check(LEADERBOARDS / f"{suite}.{form}", form) for form in PAGES] == [None] * len(PAGES)
    assert report.unfounded() == []
    assert report.board.failures == ()


def test_nothing_published_names_a_folder_of_a_machine() -> None:
    texts = [path for path in LEADERBOARDS.rglob("*") if path.suffix in (".md", ".html", ".json", ".jsonl")]
    assert texts
    assert [path for path in texts if "/home/" in path.read_text() or "/root/" in path.read_text()] == []
