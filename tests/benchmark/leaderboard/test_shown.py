"""What analyses show, through a whole run: declared in the plan, written beside the records, said at the end."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

import pytest

import toys
from sparsebench import (
    Analysis,
    AnalyzerPlugin,
    Axis,
    CellAnalyzer,
    CellContext,
    Column,
    Curves,
    SuiteAnalyzer,
    SuiteContext,
    hookimpl,
)
from sparsebench.errors import PluginError
from sparsebench.leaderboard import Board, read_report, refusals
from sparsebench.progress import Silent
from sparsebench.runner import Runner
from sparsebench.store import Store


class Longest(CellAnalyzer):
    """How long the longest ranking is."""

    def analyze(self, context: CellContext) -> Analysis:
        return Analysis({"longest": max(map(len, context.run.values()))})


class Whole(SuiteAnalyzer):
    """Nothing of the suite."""

    def analyze(self, context: SuiteContext) -> Analysis:
        return Analysis({})


class Declares:
    """Registers both, with columns."""

    def __init__(self, *columns: Column) -> None:
        self.columns = columns

    @hookimpl
    def register_analyzers(self) -> Iterable[AnalyzerPlugin]:
        return [
            AnalyzerPlugin("longest", Longest, "the longest ranking", columns=self.columns),
            AnalyzerPlugin("drawn", Longest, "a curve", curves=(Curves("Growth", x=Axis("x"), y=Axis("y")),)),
            AnalyzerPlugin("whole", Whole, "nothing", columns=self.columns),
            AnalyzerPlugin("unsure", Longest, "cannot say", columns=lambda analyzer: analyzer.nothing),
            AnalyzerPlugin("words", Longest, "no columns", columns=("longest",)),  # type: ignore[arg-type]
        ]


@pytest.fixture
def collection(tmp_path: Path) -> Path:
    return toys.write_collection(tmp_path / "fruit")


def run(folder: Path, collection: Path, analyzers: str, *columns: Column) -> Board:
    suite = toys.write_suite(folder / "toy.yaml", collection, f"models: [words]\nanalyzers: [{analyzers}]\n")
    store = Store(folder / "store")
    plan = toys.plan_suite(suite, store, toys.registry(Declares(*columns)))
    return Runner(store, folder / "runs", Silent()).run(plan)


def head(folder: Path) -> str:
    text = (folder / "runs/toy/leaderboard.md").read_text()
    return next(line for line in text.splitlines() if line.startswith("| system"))


def test_a_relabelled_analyzer_keeps_its_columns(tmp_path: Path, collection: Path) -> None:
    run(tmp_path, collection, "{name: sparsity, label: how sparse}, {name: hubness, label: hubs, k: 3}")
    for column in ("L0 query", "L0 document", "FLOPS", "N_3 skew"):
        assert f" {column} |" in head(tmp_path)


def test_wackiness_shows_the_presets_it_computes(tmp_path: Path, collection: Path) -> None:
    labels = (
        "{name: wackiness, label: by itself, custom: {normaliser: max}}, "
        "{name: wackiness, label: paper, presets: [paper_code]}"
    )
    board = run(tmp_path, collection, labels)
    assert [column.label for shown in board.shown.values() for column in shown.columns] == [
        "W-AUC*",
        "W-AUC custom",
        "W-AUC paper_code",
    ]


def test_a_later_report_needs_no_plugin(tmp_path: Path, collection: Path) -> None:
    run(tmp_path, collection, "longest", Column("longest run", "longest", digits=0))
    assert "longest run" in read_report(tmp_path / "runs/toy").render("md")


def test_an_analysis_that_lacks_a_column_it_declares_fails_and_says_what_it_has(
    tmp_path: Path, collection: Path
) -> None:
    board = run(tmp_path, collection, "longest, sparsity", Column("longest run", "longst"))
    assert board.failures == (
        "words on fruit, longest: longest declares columns that its values do not have as a number, a text or None: "
        "'longest run' at `longst`; it has longest",
    )
    assert board.records[0].analysis["sparsity"]["l0_query"] > 0


@pytest.mark.parametrize("line", ["1,two", "1", "1,2,3", "1,nan"])
def test_a_curve_that_cannot_be_drawn_is_a_failed_analysis_that_names_the_line(
    tmp_path: Path, collection: Path, line: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    found = Analysis({"longest": 1}, {"a.curve.csv": f"x,y\n0,0\n{line}\n"})
    monkeypatch.setattr(Longest, "analyze", lambda self, context: found)
    (failure,) = run(tmp_path, collection, "drawn").failures
    assert failure.endswith(f"a.curve.csv:3: a point of a curve is x and y, or x, y, low and high; this is {line!r}")


@pytest.mark.parametrize("key", ["analyzer", "artefact", "files", "summary", "error", "not_applicable"])
def test_a_value_cannot_have_the_name_of_what_the_harness_writes_beside_it(
    tmp_path: Path, collection: Path, key: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Longest, "analyze", lambda self, context: Analysis({key: "mine"}))
    (failure,) = run(tmp_path, collection, "longest").failures
    assert f"the harness writes {key} itself" in failure


@pytest.mark.parametrize(
    ("analyzer", "reason"),
    [
        ("whole", "whole: columns and curves are of a model or a cell"),
        ("unsure", "unsure: it does not say what it shows .AttributeError"),
        ("words", "words: 'longest' is no Column of sparsebench"),
    ],
)
def test_a_declaration_that_cannot_be_drawn_is_refused_in_the_plan(
    tmp_path: Path, collection: Path, analyzer: str, reason: str
) -> None:
    with pytest.raises(PluginError, match=reason):
        run(tmp_path, collection, analyzer, Column("longest run", "longest"))


@pytest.mark.parametrize(
    ("label", "path", "digits"),
    [
        ("", "a", 2),
        ("a|b", "a", 2),
        ("a\nb", "a", 2),
        ("<b>", "a", 2),
        ("a", "", 2),
        ("a", "b..c", 2),
        ("a", "b", -1),
        ("a", "b", 16),
    ],
)
def test_a_column_that_could_not_be_drawn_cannot_be_made(label: str, path: str, digits: int) -> None:
    with pytest.raises(ValueError, match=r"column"):
        Column(label, path, digits)


def test_what_is_not_applicable_is_known_with_its_reason(tmp_path: Path, collection: Path) -> None:
    board = run(tmp_path, collection, "{name: removal, label: without}, {name: hubness, k: 100}")
    assert [str(each) for each in refusals(board)][1:] == [
        "not applicable: hubness on fruit, words (the run is 10 deep, and N_100 needs the 100 best)"
    ]
    assert str(refusals(board)[0]).startswith("not applicable: without on fruit, words (")
