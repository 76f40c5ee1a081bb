"""How large differences are, and how large they had to be, stand below the tables."""

from __future__ import annotations

from pathlib import Path

import pytest

from boards import write_rich
from sparsebench.leaderboard import read_report


def test_the_note_spans_what_the_rows_of_each_collection_have(tmp_path: Path) -> None:
    report = read_report(write_rich(tmp_path))
    assert report.comparison is not None
    contrasts = [cell.contrast for cell in report.comparison.cells if cell.collection == "web" and cell.contrast]
    detectable = sorted(each.detectable for each in contrasts if each.detectable is not None)
    sizes = sorted(each.effect_size for each in contrasts if each.effect_size is not None)
    assert len(detectable) > 1
    text = report.render("md")
    line = next(line for line in text.partition("least detectable")[2].splitlines() if line.startswith("| web"))
    expected = [f"{detectable[0]:.4f}", f"{detectable[-1]:.4f}", f"{sizes[0]:+.2f}", f"{sizes[-1]:+.2f}"]
    assert [field.strip() for field in line.split("|")[2:-1]] == expected
    assert line in report.render("html")


def test_differences_without_variance_have_no_size(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("boards._value", lambda model, postprocessor, place: 0.5)
    assert "detectable" not in read_report(write_rich(tmp_path)).render("md")
