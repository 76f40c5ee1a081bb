from __future__ import annotations

from pathlib import Path

import pytest

from boards import write_rich
from sparsebench.cli.terminal import terminal_tables
from sparsebench.leaderboard import Report, read_report


@pytest.fixture
def report(tmp_path: Path) -> Report:
    write_rich(tmp_path / "runs")
    return read_report(tmp_path / "runs" / "rich")


@pytest.mark.parametrize("width", [40, 80, 200])
def test_no_line_of_a_table_is_wider_than_the_terminal(report: Report, width: int) -> None:
    tables = terminal_tables(report, width=width).split("† differs")[0]
    assert max(len(line) for line in tables.splitlines()) <= width


def test_the_best_system_comes_first(report: Report) -> None:
    first = terminal_tables(report, width=200).split("\n\n")[0].splitlines()
    values = [float(line.split("0.")[1].split()[0]) for line in first[3:] if "0." in line]
    assert values == sorted(values, reverse=True)


def test_every_system_is_there(report: Report) -> None:
    shown = terminal_tables(report, width=400)
    assert all(f"{row.model} + {row.postprocessor}" in shown for row in report.board.rows)
