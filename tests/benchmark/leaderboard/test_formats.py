from __future__ import annotations

import csv
import io
import json
import re
from pathlib import Path

import pytest

from boards import HOSTILE, QUERIES, rich_record, write_rich
from sparsebench.leaderboard import FORMATS, Report, publish, published_report, read_report
from sparsebench.leaderboard.html.curves import MOST_POINTS, thinned
from sparsebench.records.evidence import RunsEvidence


@pytest.fixture(scope="module")
def report(tmp_path_factory: pytest.TempPathFactory) -> Report:
    return read_report(write_rich(tmp_path_factory.mktemp("runs")))


def page_data(page: str) -> dict[str, object]:
    (text,) = re.findall(r'<script type="application/json" id="data">(.*?)</script>', page, re.DOTALL)
    found: dict[str, object] = json.loads(text)
    return found


@pytest.mark.parametrize("form", FORMATS)
def test_the_same_records_give_the_same_bytes(report: Report, form: str) -> None:
    again = Report(report.board, report.evidence)
    assert again.render(form) == report.render(form)


def test_csv_has_a_line_a_cell_with_full_precision(report: Report) -> None:
    lines = list(csv.DictReader(io.StringIO(report.render("csv"))))
    assert len(lines) == 8
    line = next(
        line for line in lines if (line["collection"], line["model"], line["sees"]) == ("web", "splade", "query")
    )
    assert float(line["nDCG@10"]) == rich_record("web", "splade", "none").measures["nDCG@10"]
    assert (line["rank"], line["flops"], line["seconds"], line["machine"]) == ("1", "1.91", "32.0", "f" * 12)
    assert float(line["difference"]) == pytest.approx(0.45)
    assert float(line["low"]) < 0.86 < float(line["high"])


def test_json_says_everything_that_the_tables_say(report: Report) -> None:
    found = json.loads(report.render("json"))
    assert (found["suite"], found["baseline"], len(found["cells"])) == ("rich", ["bm25", "none"], 8)
    assert found["comparison"]["family"] == 6
    assert [stamp["verdict"] for stamp in found["published_figures"]] == ["unknown length"]


def test_latex_has_booktabs_rules_bold_daggers_and_no_bare_underscore(report: Report) -> None:
    text = report.render("latex")
    assert text.count(r"\begin{table}") == text.count(r"\end{table}") == 3
    assert r"\toprule" in text
    assert r"\textbf{0.8850} $\pm$" in text
    assert r"$\Delta$ baseline" in text
    assert text.startswith("% Needs \\usepackage{booktabs}")
    assert text.count("paired sign-flip test") == 3, "each table carries its notes"
    assert not re.search(r"(?<!\\)[_%#]", text.removeprefix("%"))


def test_the_page_holds_its_data_and_nothing_that_could_leave_it(report: Report) -> None:
    page = report.render("html")
    data = page_data(page)
    assert HOSTILE in str(data["description"])
    assert page.count("<script") == page.count("</script>") == 2
    assert not re.search(r"""(?:src|href)=["'](?!data:|#)""", page)
    assert not re.search(r"@import|url\(|https?://(?!www\.w3\.org/2000/svg)", page.split('id="data">')[0])


def test_the_page_has_the_values_of_every_query(report: Report) -> None:
    queries = page_data(report.render("html"))["queries"]
    assert isinstance(queries, dict)
    assert queries["web"]["ids"] == QUERIES["web"]
    assert queries["web"]["values"]["nDCG@10"]["0"][0] == 0.3


def test_costs_are_in_no_published_format(report: Report) -> None:
    silent = Report(report.board, report.evidence, costs=False)
    for form in FORMATS:
        assert "abacus" not in silent.render(form)
        assert "31.5" not in silent.render(form)


def test_published_archives_give_back_what_lay_beside_the_records(tmp_path: Path) -> None:
    folder = write_rich(tmp_path / "runs")
    board = read_report(folder).board
    publish(board, folder, tmp_path / "leaderboards")
    runs, published = RunsEvidence([folder]), published_report(tmp_path / "leaderboards", "rich").evidence
    for record in board.records:
        assert published.per_query(record) == runs.per_query(record)
        for analysis in record.analysis.values():
            assert published.curves(analysis) == runs.curves(analysis)
    assert published_report(tmp_path / "leaderboards", "rich").comparison == read_report(folder).comparison


def test_a_published_page_that_is_too_large_leaves_values_of_queries_to_their_archive(report: Report) -> None:
    whole = report.render("html")
    small = Report(report.board, report.evidence, page_bytes=len(whole.encode()) - 1).render("html")
    assert page_data(small)["queries"] is None
    assert Report(report.board, report.evidence, page_bytes=len(whole.encode())).render("html") == whole


@pytest.mark.parametrize(("length", "kept"), [(0, 0), (1, 1), (5, 5), (200, 200), (1000, 200)])
def test_curves_are_thinned_to_what_a_screen_shows_with_both_ends(length: int, kept: int) -> None:
    curve = [[place / 1000, place / 2000] for place in range(length)]
    found = thinned(curve)
    assert len(found) == kept <= MOST_POINTS
    assert found[:1] + found[-1:] == curve[:1] + curve[-1:]
    assert found == sorted(found)
