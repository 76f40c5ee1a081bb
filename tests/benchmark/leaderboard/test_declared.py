"""Columns, curves and words of analyses: as their analyzers declare them, whatever a suite calls them."""

from __future__ import annotations

import csv
import io
from collections.abc import Mapping
from pathlib import Path

import pytest

from boards import rich_record, write_records
from sparsebench import Axis, Column, Curves
from sparsebench.contracts import Shown
from sparsebench.leaderboard import FORMATS, Report, merged_report, read_report, refusals
from sparsebench.leaderboard.columns import declared_columns
from sparsebench.leaderboard.html.curves import curve_charts
from sparsebench.store import write_atomically
from sparsebench.types import Json

STOP_WORDS = Column("stop words", "found.share", digits=2, note="stop words: share of the expansion.", better="smaller")
GROWTH = Curves("Growth", x=Axis("terms"), y=Axis("share"))


def report_of(folder: Path, shown: Mapping[str, Shown] | None, **found: Json) -> Report:
    """The report of two models on one collection; every record has the same analyses."""
    records = [rich_record("web", model, "none").model_copy(update={"analysis": found}) for model in ("splade", "bm25")]
    write_records(folder / "four", records, shown=shown)
    return read_report(folder / "four")


def entry(**values: Json) -> dict[str, Json]:
    return {"analyzer": {"name": "stop"}, **values, "artefact": "a", "files": []}


@pytest.mark.parametrize("form", FORMATS)
def test_a_column_of_any_analyzer_stands_in_every_format(tmp_path: Path, form: str) -> None:
    text = report_of(tmp_path, {"mine": Shown((STOP_WORDS,))}, mine=entry(found={"share": 0.0533})).render(form)
    assert "0.05" in text
    assert ("share" if form in ("csv", "json") else "stop words") in text


def test_a_footnote_stands_only_where_its_column_does(tmp_path: Path) -> None:
    shown = {"mine": Shown((STOP_WORDS,))}
    assert STOP_WORDS.note in report_of(tmp_path / "with", shown, mine=entry(found={"share": 0.5})).render("md")
    without = report_of(tmp_path / "without", shown, mine=entry(not_applicable="no stop words")).render("md")
    assert "stop words" not in without


def test_two_analyses_with_one_column_are_named_apart_by_their_labels(tmp_path: Path) -> None:
    shown = {label: Shown((STOP_WORDS,)) for label in ("of bm25", "of itself")}
    report = report_of(
        tmp_path,
        shown,
        **{label: entry(found={"share": share}) for label, share in (("of bm25", 0.25), ("of itself", 0.75))},
    )
    assert [each.name for each in declared_columns(report.board)] == ["stop words (of bm25)", "stop words (of itself)"]
    line = next(csv.DictReader(io.StringIO(report.render("csv"))))
    assert (line["of bm25.found.share"], line["of itself.found.share"]) == ("0.25", "0.75")
    assert report.render("md").count(STOP_WORDS.note) == 1


@pytest.mark.parametrize("name", ["nDCG@10", "rank", "seconds"])
def test_a_column_does_not_take_the_name_of_a_measure_or_of_the_harness(tmp_path: Path, name: str) -> None:
    shown = {"mine": Shown((Column(name, name.partition("@")[0]),))}
    report = report_of(tmp_path, shown, mine=entry(**{name.partition("@")[0]: 1.0}))
    assert [each.name for each in declared_columns(report.board)] == [f"{name} (mine)"]


def test_a_key_of_the_csv_is_never_written_over(tmp_path: Path) -> None:
    shown = {"mine": Shown((Column("mine", "rank"), Column("also", "measures.depth")))}
    report = report_of(tmp_path, shown, mine=entry(rank=0.5, measures={"depth": 0.25}))
    line = next(csv.DictReader(io.StringIO(report.render("csv"))))
    assert (line["mine.rank"], line["mine.measures.depth"], line["depth"]) == ("0.5", "0.25", "1000")


def test_words_and_nothing_are_fields_too_and_the_best_number_is_bold(tmp_path: Path) -> None:
    shown = {"mine": Shown((STOP_WORDS, Column("kind", "kind"), Column("none", "none")))}
    text = report_of(tmp_path, shown, mine=entry(found={"share": 0.5}, kind="open", none=None)).render("md")
    assert "**0.50**" in text
    assert "open" in text
    assert "| none" not in text.partition("|--")[0].partition("postprocessor")[2]


def test_a_word_among_the_values_stays_in_its_field(tmp_path: Path) -> None:
    shown = {"mine": Shown((Column("kind", "kind"),))}
    assert "a\\|b &lt;i>" in report_of(tmp_path, shown, mine=entry(kind="a|b <i>")).render("md")


def test_merged_runs_show_what_each_of_them_declares(tmp_path: Path) -> None:
    for machine, shown in (("old", None), ("new", {"mine": Shown((STOP_WORDS,))})):
        report_of(tmp_path / machine, shown, mine=entry(found={"share": 0.5}))
    merged = merged_report([tmp_path / "old/four", tmp_path / "new/four"])
    assert [each.name for each in declared_columns(merged.board)] == ["stop words"]


def test_a_summary_of_a_model_is_said_once_and_says_whose_it_is(tmp_path: Path) -> None:
    report = report_of(tmp_path, {}, mine={**entry(), "summary": "Stop words: 5.3% of 150 terms."})
    assert report.render("md").count("**splade on web**\n\nStop words: 5.3% of 150 terms.") == 1
    assert "Stop words: 5.3% of 150 terms." in report.render("html")


def test_a_summary_of_a_cell_names_its_postprocessor(tmp_path: Path) -> None:
    records = [
        rich_record("web", "bm25", name).model_copy(
            update={"analysis": {"mine": {**entry(), "artefact": name, "summary": f"Of {name}."}}}
        )
        for name in ("none", "dsl")
    ]
    write_records(tmp_path / "four", records)
    text = read_report(tmp_path / "four").render("md")
    assert "**bm25 + none on web**\n\nOf none.\n\n**bm25 + dsl on web**\n\nOf dsl." in text


def test_refusals_of_one_reason_are_one_line(tmp_path: Path) -> None:
    report = report_of(tmp_path, {}, removal=entry(not_applicable="58 tokens were scored, removal needs 200"))
    assert [str(each) for each in refusals(report.board)] == [
        "not applicable: removal on web, splade and bm25 (58 tokens were scored, removal needs 200)"
    ]


def test_curves_of_two_analyses_share_a_chart_and_keep_their_labels(tmp_path: Path) -> None:
    found = {label: {**entry(), "artefact": label, "files": ["a.curve.csv"]} for label in ("one", "two")}
    report = report_of(tmp_path, {label: Shown(curves=(GROWTH,)) for label in found}, **found)
    for number, label in enumerate(found):
        write_atomically(tmp_path / f"four/analyses/{label}/a.curve.csv", f"x,y\n0,{number}\n1,0.5\n")
    (chart,) = curve_charts(report.board, report.evidence)
    assert [(each["analysis"], each["lines"]["a"]["points"]) for each in chart["entries"]] == [
        ("one", [[0, 0], [1, 0.5]]),
        ("two", [[0, 1], [1, 0.5]]),
    ]


def test_a_board_of_schema_1_shows_what_its_labels_showed(tmp_path: Path) -> None:
    """Its index declares nothing: columns go by the names of that time, and an analysis with curves was wackiness."""
    found = {
        "sparsity": {"l0_query": 17.0, "l0_document": 100.0, "flops": 1.9, "artefact": "s", "files": []},
        "by bm25": {"robust": {"w_auc": 0.5}, "artefact": "w", "files": ["robust.curve.csv"]},
    }
    report = report_of(tmp_path, None, **found)
    assert [each.name for each in declared_columns(report.board)] == ["L0 query", "L0 document", "FLOPS", "W-AUC*"]
    write_atomically(tmp_path / "four/analyses/w/robust.curve.csv", "x,wackiness\n1,1\n2,0.25\n3,0\n")
    (chart,) = curve_charts(report.board, report.evidence)
    assert chart["entries"][0]["lines"]["robust"] == {"points": [[0, 1], [0.5, 0.25], [1, 0]], "beside": "0.500"}
