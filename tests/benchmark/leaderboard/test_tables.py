from __future__ import annotations

from pathlib import Path

import pytest

from boards import rich_record, values, write_cell, write_records, write_rich
from sparsebench.leaderboard import Report, read_report
from sparsebench.leaderboard.board import read_board
from sparsebench.leaderboard.figures import Figure
from sparsebench.leaderboard.significance import compared
from sparsebench.leaderboard.tables import Table, tables
from sparsebench.records import Record, SuiteFolder
from sparsebench.records.evidence import RunsEvidence


@pytest.fixture(scope="module")
def report(tmp_path_factory: pytest.TempPathFactory) -> Report:
    return read_report(write_rich(tmp_path_factory.mktemp("runs")))


def column(table: Table, name: str) -> list[str]:
    place = [column.name for column in table.columns].index(name)
    return [
        f"{field}{field.mark if isinstance(field, Figure) else ''}"
        for line in table.lines
        for field in [line.fields[place]]
    ]


def test_differences_are_to_the_baseline_and_signed(report: Report) -> None:
    _, web, _ = tables(report.board, report.comparison)
    assert column(web, "Δ baseline") == ["+0.4750", "+0.4500", "+0.0250", "None"]


def test_without_a_baseline_there_are_neither_differences_nor_tests(tmp_path: Path) -> None:
    folder = write_rich(tmp_path, baseline=None)
    report = read_report(folder)
    assert report.comparison is None
    assert "Δ" not in report.render("md")


def test_a_mark_says_who_differs_after_holm_and_another_who_saw_the_batch(tmp_path: Path) -> None:
    """Forty queries, splade better on each: p is as small as flips allow, far below any Holm threshold here."""
    records = [rich_record("web", model, name) for model in ("splade", "bm25") for name in ("none", "dsl")]
    write_records(tmp_path / "rich", records)
    for record in records:
        better = 0.3 * (record.cell.model.label == "splade")
        many = {f"q{place}": 0.5 + better + 0.002 * (place % 5) for place in range(40)}
        write_cell(tmp_path / "rich", record, {"nDCG@10": many})
    report = read_report(tmp_path / "rich")
    (web,) = tables(report.board, report.comparison)
    assert column(web, "Δ baseline") == ["+0.4750‡", "+0.4500†", "+0.0250", "None"]
    text = report.render("md")
    assert "Holm's correction over 3 comparisons" in text
    assert "‡ where all test queries were ranked together" in text


def test_means_over_queries_carry_their_interval(report: Report) -> None:
    _, web, _ = tables(report.board, report.comparison)
    first = web.lines[1].fields[0]
    assert isinstance(first, Figure)
    assert first.interval is not None
    low, high = first.interval
    assert low < first.value < high
    assert f"0.8600 ± {(high - low) / 2:.4f}" in report.render("md")


def without_values(folder: Path, record: Record) -> None:
    """As records of schema 1 are, of which somebody kept the record alone."""
    SuiteFolder(folder).per_query(record.key).unlink()
    write_cell(folder, record.model_copy(update={"files": {}}))


def test_a_record_without_values_of_queries_is_shown_untested(tmp_path: Path) -> None:
    folder = write_rich(tmp_path)
    without_values(folder, rich_record("web", "splade", "dsl"))
    report = read_report(folder)
    _, web, _ = tables(report.board, report.comparison)
    assert column(web, "nDCG@10")[0] == "0.8850"
    assert isinstance(first := web.lines[0].fields[0], Figure)
    assert (first.interval, column(web, "Δ baseline")[0]) == (None, "+0.4750")


def test_without_any_values_of_the_baseline_there_is_no_comparison(tmp_path: Path) -> None:
    folder = write_rich(tmp_path)
    for record in read_board(folder).records:
        without_values(folder, record)
    board = read_board(folder)
    assert compared(board, RunsEvidence([folder])) is None
    assert "†" not in read_report(folder).render("md")


def test_medians_and_counts_are_not_tested_as_means(tmp_path: Path) -> None:
    folder = write_rich(tmp_path)
    board, evidence = read_board(folder), RunsEvidence([folder])
    assert compared(board, evidence, measures=dict.fromkeys(board.collections, "nDCG@10")) is not None
    assert compared(board, evidence, measures=dict.fromkeys(board.collections, "MdR")) is None


def test_candidates_are_a_column_where_rows_differ_and_a_sentence_where_not(tmp_path: Path) -> None:
    plain = rich_record("web", "bm25", "none")
    other = rich_record("web", "splade", "none")
    every = other.model_copy(update={"cell": other.cell.model_copy(update={"candidates": "all"})})
    write_records(tmp_path / "mixed", [plain, every])
    (web,) = tables(read_board(tmp_path / "mixed"))
    assert column(web, "candidates") == ["all", "retrieved"]
    assert "Candidates" not in web.above
    write_records(tmp_path / "same", [plain, other])
    (web,) = tables(read_board(tmp_path / "same"))
    assert "Candidates: retrieved." in web.above


def test_seconds_are_those_of_the_system_itself(report: Report) -> None:
    _, web, _ = tables(report.board, report.comparison)
    assert column(web, "seconds") == ["32.0", "32.0", "0.8", "0.8"]  # without the 9 of tuning
    assert "seconds" not in [column.name for column in tables(report.board, costs=False)[1].columns]


def test_the_values_that_these_tests_stand_on_are_what_they_say() -> None:
    found = values("web", "splade", "none")["nDCG@10"]
    assert sum(found.values()) / len(found) == pytest.approx(0.86)
