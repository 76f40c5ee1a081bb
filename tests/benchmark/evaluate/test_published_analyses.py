"""A suite's analyses with their figures: from the run to the page, and again from published records alone."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

import toys
from commands import sparsebench
from seals import rewrite
from sparsebench.cli.exits import Exit

ANALYZER = '''
from sparsebench import Analysis, AnalyzerPlugin, SuiteAnalyzer, hookimpl


class Count(SuiteAnalyzer):
    """How many records there are, drawn."""

    def __init__(self, *, unit: str = "records"):
        self.unit = unit

    def analyze(self, context):
        words = f"{len(context.records)} {self.unit}"
        return Analysis({"count": len(context.records)}, {"count.svg": f"<svg><text>{words}</text></svg>"}, words)


@hookimpl
def register_analyzers():
    return [AnalyzerPlugin("count", Count, "how many records there are")]
'''


@pytest.fixture(autouse=True)
def published(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A suite of two cells that was run and published."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("SPARSEBENCH_STORE", str(tmp_path / "store"))
    toys.write_collection(tmp_path / "fruit")
    Path("count.py").write_text(ANALYZER)
    more = (
        "models: [bm25, {name: bm25, label: long, b: 0.0}]\nanalyzers: [{name: count, label: my count, unit: cells}]\n"
    )
    toys.write_suite(tmp_path / "toy.yaml", tmp_path / "fruit", more)
    assert sparsebench(monkeypatch, "run", "toy.yaml", "-p", "count.py") == Exit.OK
    assert sparsebench(monkeypatch, "publish", "toy") == Exit.OK


def test_a_figure_lies_beside_the_records_and_stands_in_both_pages() -> None:
    figure = Path("leaderboards/toy/my_count.count.svg")
    assert figure.read_text() == "<svg><text>2 cells</text></svg>"
    assert "2 cells\n\n![my count](toy/my_count.count.svg)" in Path("leaderboards/toy.md").read_text()
    assert "\\u003csvg>\\u003ctext>2 cells" in Path("leaderboards/toy.html").read_text()


def test_the_page_of_a_run_shows_the_figure_too() -> None:
    text = Path("runs/toy/leaderboard.md").read_text()
    (path,) = (part.partition(")")[0] for part in text.split("![my count](")[1:])
    assert (Path("runs/toy") / path).is_file()


def test_an_analysis_that_is_gone_leaves_no_figure_behind(monkeypatch: pytest.MonkeyPatch) -> None:
    sparsebench(monkeypatch, "run", "toy.yaml", "-p", "count.py", "--set", "analyzers=[]", "--set", "name=toy")
    rewrite(Path("runs/toy/index.json"), lambda index: index.update(analyses={}))
    sparsebench(monkeypatch, "publish", "toy")
    assert not list(Path("leaderboards/toy").glob("*.svg"))


def test_analyses_are_made_again_from_published_records_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    everything = {path: path.read_bytes() for path in Path("leaderboards").rglob("*") if path.is_file()}
    for folder in ("runs", "store", "fruit"):
        shutil.rmtree(folder)
    Path("leaderboards/toy/my_count.count.svg").unlink()
    changed = {"summary": "99 cells"}
    rewrite(Path("leaderboards/toy/index.json"), lambda index: index["analyses"]["my count"].update(changed))
    again = ("report", "toy", "--published", "--analyze", "-p", "count.py")
    assert sparsebench(monkeypatch, *again) == Exit.OK
    assert {path: path.read_bytes() for path in Path("leaderboards").rglob("*") if path.is_file()} == everything


def test_what_was_published_before_analyzers_were_named_says_what_to_do(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    rewrite(Path("leaderboards/toy/index.json"), lambda index: index["analyses"]["my count"].pop("analyzer"))
    assert sparsebench(monkeypatch, "report", "toy", "--published", "--analyze") == Exit.USAGE
    assert "`sparsebench run toy` and `sparsebench publish toy`" in capsys.readouterr().err


def test_analyze_is_for_published_records(monkeypatch: pytest.MonkeyPatch) -> None:
    assert sparsebench(monkeypatch, "report", "toy", "--analyze") == Exit.USAGE
