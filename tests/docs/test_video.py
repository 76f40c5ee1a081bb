"""docs/video.md: its figures are those of the data, its suites and parameters are there."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from sparsebench.leaderboard.oracle_video import RANKS, PublishedRow, text_video
from sparsebench.suite import find_suite
from sparsebench_plugins.collections import register_collections

PAGE = (Path(__file__).resolve().parents[2] / "docs" / "video.md").read_text(encoding="utf-8")


def line(row: PublishedRow) -> str:
    """A published row as the page has it."""
    shares = "/".join(f"{100 * value:.1f}" for name, value in row.measures.items() if name not in RANKS)
    figures = ", ".join([shares, *(f"{value:g}" for name, value in row.measures.items() if name in RANKS)])
    short = {"text_to_video": "t2v", "video_to_text": "v2t"}[row.direction]
    set_name = row.collection.removeprefix("video/")
    cells = (row.system, row.postprocessor, set_name, short, figures, row.chosen_on_test, row.source)
    return f"| {' | '.join(cells)} |"


def test_every_published_row_stands_there_with_its_source() -> None:
    table = PAGE.partition("## What others published")[2]
    assert [row for row in table.splitlines() if row.startswith("| ")][1:] == [line(row) for row in text_video().facts]


def test_it_says_that_no_published_row_could_be_run() -> None:
    assert "**No published row could be run here.**" in PAGE


def test_it_takes_five_commands() -> None:
    (commands,) = re.findall(r"```sh\n(pip install.*?)```", PAGE, flags=re.DOTALL)
    assert len(commands.strip().splitlines()) == 5


@pytest.mark.parametrize("name", sorted(set(re.findall(r"video/(?:clips|msrvtt-1ka)\b", PAGE))))
def test_its_suites_are_there(name: str) -> None:
    assert find_suite(name).is_file()


def test_every_reader_of_a_set_is_named() -> None:
    for plugin in register_collections():
        if plugin.source is not None:
            assert f"| `{plugin.name}` |" in PAGE
