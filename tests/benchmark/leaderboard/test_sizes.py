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
    shown = f"web {detectable[0]:.4f} to {detectable[-1]:.4f} (g_z {sizes[0]:+.2f} to {sizes[-1]:+.2f})"
    assert shown in report.render("md")
    assert shown in report.render("html")


def test_differences_without_variance_have_no_size(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("boards._value", lambda model, postprocessor, place: 0.5)
    assert "Detectable:" not in read_report(write_rich(tmp_path)).render("md")
