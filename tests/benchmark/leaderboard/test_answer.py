"""A page begins with its answer; its tables are sorted, short, and fold the seeds of a condition."""

from __future__ import annotations

import html
import re
from pathlib import Path

import pytest

from boards import rich_record, write_records, write_rich
from sparsebench.leaderboard import Report, read_report
from sparsebench.leaderboard.escape import csv_text, latex_text, markdown_text
from sparsebench.leaderboard.figures import Figure
from sparsebench.leaderboard.layout import MOST_COLUMNS
from sparsebench.leaderboard.order import condition
from sparsebench.leaderboard.tables import tables
from sparsebench.provenance.digests import digest
from sparsebench.records import Record

NASTY = "a|b*c`d` <script>\n\\input{x}_% [x](y) &lt;" + "long " * 30


def relabelled(record: Record, model: str, value: float) -> Record:
    part = record.cell.model.model_copy(update={"label": model})
    cell = record.cell.model_copy(update={"model": part})
    return record.model_copy(
        update={"cell": cell, "measures": {**record.measures, "nDCG@10": value}, "key": digest(model)}
    )


@pytest.fixture
def seeds(tmp_path: Path) -> Report:
    """Three trainings of one condition beside bm25, which stands first in the suite and is not the best."""
    trained = [relabelled(rich_record("web", "splade", "none"), f"h[size=2,seed={n}]", 0.5 + 0.1 * n) for n in range(3)]
    write_records(tmp_path / "study", [relabelled(rich_record("web", "bm25", "none"), "bm25", 0.4), *trained])
    return read_report(tmp_path / "study")


@pytest.mark.parametrize(
    ("label", "expected"),
    [
        ("h1[vocabulary=2000,seed=3]", "h1[vocabulary=2000]"),
        ("h1[seed=0]", "h1"),
        ("h1[seed=0,size=2]", "h1[size=2]"),
        ("a seed=3 of mine", "a seed=3 of mine"),
        ("h[tau=1]", "h[tau=1]"),
    ],
)
def test_a_condition_is_a_label_without_its_seed(label: str, expected: str) -> None:
    assert condition(label) == expected


def test_seeds_of_a_condition_are_one_row_with_their_spread_and_lie_folded(seeds: Report) -> None:
    (web,) = tables(seeds.board)
    assert [line.row.model for line in web.lines] == ["h[size=2]", "bm25"]
    (first, *_), trainings = web.lines[0].fields, web.lines[0].folded
    assert isinstance(first, Figure)
    assert (str(first), first.half_width) == ("0.6000", "0.1000")  # the standard deviation of .5, .6 and .7
    assert [line.row.model[-2] for line in trainings] == ["2", "1", "0"]
    above, _, below = seeds.render("md").partition("<details><summary>Each seed</summary>")
    assert "seed=1" not in above
    assert "seed=1" in below


def test_a_condition_of_which_a_seed_has_a_hole_has_no_mean(tmp_path: Path) -> None:
    whole = relabelled(rich_record("web", "splade", "none"), "h[seed=0]", 0.5)
    holed = relabelled(rich_record("web", "splade", "none"), "h[seed=1]", 0.5).model_copy(update={"measures": {}})
    write_records(tmp_path / "study", [whole, holed])
    (web,) = tables(read_report(tmp_path / "study").board)
    assert web.lines[0].fields[0] is None


def test_rows_are_best_first_by_the_first_measure(tmp_path: Path) -> None:
    report = read_report(write_rich(tmp_path))
    for table in tables(report.board, report.comparison):
        values = [line.fields[0].value for line in table.lines if isinstance(line.fields[0], Figure)]
        assert values == sorted(values, reverse=True)


def test_a_page_begins_with_one_sentence_then_its_table_then_what_it_cannot_show(tmp_path: Path) -> None:
    report = read_report(write_rich(tmp_path))
    index = report.board.index.model_copy(update={"analyses": {}})
    board = report.board.__class__(index, report.board.collections, report.board.rows)
    title, said, heading, *rest = Report(board, report.evidence).render("md").split("\n\n")
    assert title == "# rich"
    assert re.fullmatch(
        r"\*\*splade \+ dsl \(batch\)\*\* has the highest .*, against .* of bm25[^.]*\.\d+\.|.*\.", said
    )
    assert said.startswith("**splade + dsl (batch)** has the highest ")
    assert heading.startswith("## ")
    folds = [part for part in rest if part.startswith("<details>")]
    assert "cannot show" in folds[0]


def test_a_verdict_of_the_suite_is_the_answer_and_its_figure_stands_beside_it(tmp_path: Path) -> None:
    report = read_report(write_rich(tmp_path))
    verdict = "**Supported**: it rises by +0.03 [+0.02, +0.04]. This design finds a change of 0.01.\n\nMore."
    index = report.board.index.model_copy(update={"analyses": {"trend": {"summary": verdict, "files": []}}})
    board = report.board.__class__(index, report.board.collections, report.board.rows)
    text = Report(board, report.evidence).render("md")
    assert text.split("\n\n")[1] == "**Supported**: it rises by +0.03 [+0.02, +0.04]."


def test_no_table_of_markdown_has_more_columns_than_github_shows(tmp_path: Path) -> None:
    text = read_report(write_rich(tmp_path)).render("md")
    rules = re.findall(r"^\|[-|]+\|$", text, re.MULTILINE)
    assert rules
    assert max(rule.count("|") - 1 for rule in rules) <= MOST_COLUMNS


def test_a_label_with_every_special_character_stays_one_field_everywhere(tmp_path: Path) -> None:
    record = relabelled(rich_record("web", "splade", "none"), NASTY, 0.5)
    write_records(tmp_path / "nasty", [record, rich_record("web", "bm25", "none")])
    report = read_report(tmp_path / "nasty")
    text = report.render("md")
    line = next(line for line in text.splitlines() if line.startswith("| a"))
    bars = len(re.findall(r"(?<!\\)\|", line))
    assert bars == len(re.findall(r"\|", next(line for line in text.splitlines() if line.startswith("| system"))))
    assert "<script>" not in text
    assert html.unescape(markdown_text(NASTY)).startswith(r"a\|b\*c\`d\` <script> \input")
    latex = report.render("latex")
    assert r"\input{" not in latex
    assert latex_text(NASTY)[:40] in latex
    assert csv_text([["=cmd|' /C calc'!A0"]]).startswith("'=")
