from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

from boards import write_rich
from commands import sparsebench
from sparsebench.cli.exits import Exit


@pytest.fixture(autouse=True)
def _here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    write_rich(tmp_path / "runs")


def test_report_writes_both_pages_and_prints_the_tables(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    assert sparsebench(monkeypatch, "report", "rich") == Exit.OK
    assert capsys.readouterr().out.rstrip() == Path("runs/rich/leaderboard.md").read_text().rstrip()
    assert Path("runs/rich/leaderboard.html").read_text().startswith("<!doctype html>")
    assert sparsebench(monkeypatch, "report", "rich", "--check") == Exit.OK


def test_check_notices_a_page_of_either_kind_that_was_changed(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    sparsebench(monkeypatch, "report", "rich")
    page = Path("runs/rich/leaderboard.html")
    page.write_text(page.read_text().replace("0.8850", "0.9850"))
    capsys.readouterr()
    assert sparsebench(monkeypatch, "report", "rich", "--check") == Exit.FAILED_CELLS
    assert "leaderboard.html is not what the records say" in capsys.readouterr().out
    assert sparsebench(monkeypatch, "report", "rich", "--check", "--format", "md") == Exit.OK


def test_data_is_printed_or_written_where_asked(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    assert sparsebench(monkeypatch, "report", "rich", "--format", "json") == Exit.OK
    printed = capsys.readouterr().out
    assert json.loads(printed)["suite"] == "rich"
    assert sparsebench(monkeypatch, "report", "rich", "--format", "json", "--output", "out/rich.json") == Exit.OK
    assert Path("out/rich.json").read_text() == printed
    assert not Path("runs/rich/leaderboard.md").exists()


def test_a_merged_report_is_printed_and_touches_no_page(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    write_rich(tmp_path / "elsewhere")
    assert sparsebench(monkeypatch, "report", "rich", "--merge", "elsewhere") == Exit.OK
    assert "0.8850" in capsys.readouterr().out
    assert not Path("runs/rich/leaderboard.md").exists()
    assert sparsebench(monkeypatch, "report", "rich", "--merge", "elsewhere", "--runs", "nowhere") == Exit.OK
    assert sparsebench(monkeypatch, "report", "rich", "--merge", "elsewhere", "--check") == Exit.USAGE
    assert sparsebench(monkeypatch, "report", "rich", "--merge", "nowhere") == Exit.USAGE


def test_export_says_what_it_wrote_and_when_there_is_nothing(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    for record in Path("runs/rich").glob("*/record.json"):
        (record.parent / "run.trec.gz").write_bytes(b"")
    assert sparsebench(monkeypatch, "export", "rich", "--to", "out") == Exit.OK
    assert "8 runs" in capsys.readouterr().out
    for record in Path("runs/rich").glob("*/record.json"):
        record.unlink()
    assert sparsebench(monkeypatch, "export", "rich", "--to", "out") == Exit.OK


def test_no_format_needs_torch() -> None:
    script = (
        "import sys; from pathlib import Path; from sparsebench.leaderboard import FORMATS, read_report;"
        "report = read_report(Path('runs/rich')); [report.render(form) for form in FORMATS];"
        "sys.exit('torch' in sys.modules)"
    )
    assert subprocess.run([sys.executable, "-c", script], check=False).returncode == 0
