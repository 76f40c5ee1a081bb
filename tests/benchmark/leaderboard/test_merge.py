from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import pytest

from boards import costs, rich_record, write_cell, write_records
from sparsebench.errors import StoreError
from sparsebench.leaderboard import merged_report, suite_folder
from sparsebench.records import Record, SuiteFolder

NAMES = [(model, postprocessor) for model in ("splade", "bm25") for postprocessor in ("none", "dsl")]


def machine(folder: Path, *, device: str = "cpu", has: Sequence[int] = range(4), **changes: object) -> Path:
    """One machine's `runs/rich/` of four cells, of which it has computed some. changes: of every record."""
    fingerprint = {"cpu": 12 * "c", "cuda": 12 * "g"}[device]
    records = []
    for place, (model, postprocessor) in enumerate(NAMES):
        plain = rich_record("web", model, postprocessor)
        spent = costs({"rank": 1.0}, device, fingerprint)
        update = {"key": f"{device}{place}".ljust(64, "0"), "costs": spent, **changes}
        records.append(plain.model_copy(update=update))
    suite = folder / "rich"
    write_records(suite, records)
    for place, record in enumerate(records):
        if place not in has:
            SuiteFolder(suite).record(record.key).unlink()
    return suite


def test_machines_that_share_the_cells_of_a_suite_make_one_board_in_its_order(tmp_path: Path) -> None:
    one, two = machine(tmp_path / "one", has=[1, 3]), machine(tmp_path / "two", device="cuda", has=[0, 2])
    report = merged_report([one, two])
    assert [(row.model, row.postprocessor) for row in report.board.rows] == NAMES
    assert report.board.pending == 0
    assert report.comparison is not None  # per-query values of both machines are found


def test_what_no_machine_computed_stays_to_be_done(tmp_path: Path) -> None:
    one, two = machine(tmp_path / "one", has=[1]), machine(tmp_path / "two", device="cuda", has=[1, 2])
    board = merged_report([one, two]).board
    assert (len(board.records), board.pending) == (2, 2)


def test_of_two_records_that_agree_the_first_is_taken(tmp_path: Path) -> None:
    report = merged_report([machine(tmp_path / "one"), machine(tmp_path / "two", device="cuda")])
    assert {record.key[:3] for record in report.board.records} == {"cpu"}


def test_a_cell_that_failed_here_and_succeeded_there_has_succeeded(tmp_path: Path) -> None:
    one = machine(tmp_path / "one", status="failed", error="out of memory", measures={})
    board = merged_report([one, machine(tmp_path / "two", device="cuda")]).board
    assert board.failures == ()
    assert {record.status for record in board.records} == {"ok"}


def test_two_records_of_one_cell_that_disagree_are_an_error_that_shows_both(tmp_path: Path) -> None:
    other = machine(tmp_path / "two", device="cuda", measures={"nDCG@10": 0.5, "RR@10": 0.4300})
    with pytest.raises(StoreError) as caught:
        merged_report([machine(tmp_path / "one"), other])
    first, second = str(caught.value).splitlines()[1:3]
    assert str(tmp_path / "one/rich/cpu0") in first
    assert "web/splade/none: nDCG@10 0.8600, RR@10 0.4300" in first
    assert str(tmp_path / "two/rich/cuda0") in second
    assert "web/splade/none: nDCG@10 0.5000, RR@10 0.4300" in second


def test_figures_that_print_the_same_do_not_disagree(tmp_path: Path) -> None:
    almost = machine(tmp_path / "two", device="cuda", has=[0], measures={"nDCG@10": 0.86000004, "RR@10": 0.43})
    assert merged_report([machine(tmp_path / "one"), almost]).board.pending == 0


def test_records_of_other_parameters_disagree_whatever_their_figures(tmp_path: Path) -> None:
    one, two = machine(tmp_path / "one", has=[2]), machine(tmp_path / "two", device="cuda", has=[])
    record: Record = rich_record("web", "bm25", "none")
    model = record.cell.model.model_copy(update={"params": {"k1": 1.2}})
    changed = record.model_copy(
        update={"key": "cuda2".ljust(64, "0"), "cell": record.cell.model_copy(update={"model": model})}
    )
    write_cell(two, changed)
    with pytest.raises(StoreError, match=r"k1.*0\.9.*\n.*k1.*1\.2"):
        merged_report([one, two])


def test_runs_of_another_suite_are_refused(tmp_path: Path) -> None:
    other = tmp_path / "two" / "rich"
    write_records(other, [rich_record("web", "bm25", "none")])
    with pytest.raises(StoreError, match=r"rich with 4 cells and baseline bm25 \+ none, and rich with 1 cells"):
        merged_report([machine(tmp_path / "one"), other])


def test_seconds_of_two_machines_do_not_stand_in_one_column(tmp_path: Path) -> None:
    one = machine(tmp_path / "one", has=[0, 1])
    two = machine(tmp_path / "two", device="cuda", has=[2, 3])
    text = merged_report([one, two]).render("md")
    assert "seconds |" not in text
    assert f"within one machine only; these records come from 2: {12 * 'c'}, {12 * 'g'}" in text
    assert "seconds |" in merged_report([machine(tmp_path / "three"), one]).render("md")
    csv = merged_report([one, two]).render("csv")  # data says which machine each comes from
    assert f"1.0,{12 * 'c'}" in csv
    assert f"1.0,{12 * 'g'}" in csv


def test_a_folder_of_runs_or_of_a_suite_is_meant_alike(tmp_path: Path) -> None:
    suite = machine(tmp_path / "one")
    assert suite_folder(tmp_path / "one", "rich") == suite_folder(suite, "rich") == suite
