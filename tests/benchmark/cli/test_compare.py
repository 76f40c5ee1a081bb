from __future__ import annotations

import json
import re
import subprocess
import sys
from pathlib import Path

import pytest

import toys
from boards import write_cell
from sparsebench.cli import Exit, main
from sparsebench.leaderboard import read_board

MODELS = "models: [bm25, {name: bm25, label: long, b: 0.0}]\npostprocessors: [none, {name: dsl, tau: 1.0}]\n"


@pytest.fixture(autouse=True)
def _here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("SPARSEBENCH_STORE", str(tmp_path / "store"))
    toys.write_collection(tmp_path / "fruit")


class Shell:
    """Runs commands as a user does."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
        self.monkeypatch, self.capsys = monkeypatch, capsys

    def __call__(self, *words: str, code: Exit = Exit.OK) -> str:
        """What is printed; for errors, what is said."""
        self.capsys.readouterr()
        self.monkeypatch.setattr(sys, "argv", ["sparsebench", *words])
        with pytest.raises(SystemExit) as stop:
            main()
        printed = self.capsys.readouterr()
        assert stop.value.code == code, printed.err
        return printed.err if code == Exit.USAGE else printed.out


@pytest.fixture
def sparsebench(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Shell:
    return Shell(monkeypatch, capsys)


@pytest.fixture
def ran(sparsebench: Shell) -> Shell:
    """The toy suite, with values given by hand: the baseline has 0.5 everywhere."""
    toys.write_suite(Path("toy.yaml"), Path("fruit").resolve(), MODELS)
    sparsebench("run", "toy.yaml")
    write_values("bm25", "none", {"q1": 0.5, "q2": 0.5, "q3": 0.5, "q4": 0.5})
    write_values("bm25", "dsl", {"q1": 0.6, "q2": 0.7, "q3": 0.8, "q4": 0.9})
    write_values("long", "none", {"q1": 0.5, "q2": 0.5, "q3": 0.5, "q4": 0.5})
    write_values("long", "dsl", {"q1": 0.6, "q2": 0.4, "q3": 0.6, "q4": 0.4})
    return sparsebench


def write_values(model: str, postprocessor: str, values: dict[str, float]) -> None:
    (row,) = [
        row for row in read_board(Path("runs/toy")).rows if (row.model, row.postprocessor) == (model, postprocessor)
    ]
    others = {query_id: 1 - value for query_id, value in values.items()}
    write_cell(Path("runs/toy"), row.records["fruit"], {"nDCG@10": values, "RR@10": others})


def fields(text: str, name: str) -> dict[str, str]:
    """The first line of a table that is called so, by column; the second interval is the difference's."""
    lines = text.splitlines()
    at = next(i for i, line in enumerate(lines) if line.startswith(f"| {name} "))
    header = next(line for line in reversed(lines[:at]) if line.startswith("| row"))
    columns, values = ([part.strip() for part in line.strip("|").split("|")] for line in (header, lines[at]))
    return dict(zip(columns, values, strict=True))


def test_every_row_is_tested_against_the_baseline_of_the_suite(ran: Shell) -> None:
    text = ran("compare", "toy")
    assert "# toy: every row against bm25 + none" in text
    assert "## fruit: nDCG@10, 4 queries" in text
    # Four differences of one sign are 2 of 16 flips; Holm multiplies the smallest of three by 3.
    row = fields(text, "bm25 + dsl")
    assert (row["mean"], row["difference"]) == ("0.7500", "+0.2500")
    assert (row["p flips"], row["p Holm"], row["p t"]) == ("0.1250", "0.3750", "0.0305")
    assert row["95% CI"] == "[+0.1500, +0.3500]"
    assert (row["g"], row["MDD"], row["sees"]) == ("+1.40", "0.2747", "batch")
    baseline, same = fields(text, "bm25 + none"), fields(text, "long + none")
    assert (baseline["difference"], baseline["p flips"]) == ("–", "–")
    assert (same["difference"], same["p flips"], same["p t"]) == ("+0.0000", "1.0000", "–")


def test_the_notes_name_the_family_and_warn_of_rows_that_see_the_batch(ran: Shell) -> None:
    text = ran("compare", "toy")
    assert "one family of 3 tests: every row against bm25 + none over all collections, by nDCG@10." in text
    assert "its tests hold for this query set only" in text
    assert "exploratory" not in text
    toys.write_suite(Path("toy.yaml"), Path("fruit").resolve(), MODELS.replace("none, {name: dsl, tau: 1.0}", "none"))
    ran("run", "toy.yaml")
    assert "its tests hold for this query set only" not in ran("compare", "toy")


def test_another_baseline_turns_the_difference_round(ran: Shell) -> None:
    for name in ("bm25+dsl", "bm25 + dsl"):
        text = ran("compare", "toy", "--baseline", name)
        assert "against bm25 + dsl" in text
        assert fields(text, "bm25 + none")["difference"] == "-0.2500"


def test_another_measure_is_exploratory_in_any_spelling(ran: Shell) -> None:
    for name in ("RR@10", "rr@10"):
        text = ran("compare", "toy", "--measure", name)
        assert "## fruit: RR@10" in text
        assert "exploratory" in text
        assert fields(text, "bm25 + dsl")["difference"] == "-0.2500"


def test_all_pairs_are_a_matrix(ran: Shell) -> None:
    assert "studentised step-down max-T over sign flips" not in ran("compare", "toy")
    row = fields(
        ran("compare", "toy", "--all-pairs").split("studentised step-down max-T over sign flips")[1], "2 bm25 + dsl"
    )
    # A difference of 1.0 in all is also what flips of q2, q3, q4 alone make between both dsl rows: 4 of 16.
    assert (row["1"], row["2"]) == ("0.2500", "–")


def test_a_margin_asks_for_equivalence(ran: Shell) -> None:
    row = fields(ran("compare", "toy", "--margin", "0.3"), "long + dsl")
    assert row["p equivalent"] == "0.0069"  # t = 0.3 / 0.05774, three degrees of freedom
    assert "p equivalent" not in ran("compare", "toy")
    ran("compare", "toy", "--margin", "0", code=Exit.USAGE)


def test_a_published_suite_says_the_same(ran: Shell) -> None:
    ran("publish", "toy")
    assert ran("compare", "toy", "--published") == ran("compare", "toy")


def test_means_over_collections_have_intervals_and_no_tests(sparsebench: Shell) -> None:
    twin = f"  - {{name: twin, beir: {Path('fruit').resolve()}, split: train, domain: in}}\n"
    models = "models: [bm25, {name: bm25, label: long, b: 0.0}]\n"
    toys.write_suite(Path("toy.yaml"), Path("fruit").resolve(), twin + models)
    sparsebench("run", "toy.yaml")
    text = sparsebench("compare", "toy")
    assert "one family of 2 tests" in text
    means = text.split("## Means over collections")[1]
    assert re.search(r"\| mean +\| long \+ none +\| \d", means)
    assert "nothing is tested" in means


@pytest.mark.parametrize(
    ("options", "said"),
    [
        (["--baseline", "bm52+none"], "toy has no row 'bm52+none'. Did you mean 'bm25+none'?"),
        (["--measure", "P@1"], "toy was not measured by 'P@1'. There is: RR@10, nDCG@10."),
        (["--measure", "nDGC@10"], "unknown measure 'nDGC@10'. Did you mean 'nDCG@10'?"),
    ],
)
def test_what_is_not_there_is_said_with_what_is(ran: Shell, options: list[str], said: str) -> None:
    assert said in ran("compare", "toy", *options, code=Exit.USAGE)


def test_rows_with_other_queries_are_refused(ran: Shell) -> None:
    write_values("long", "dsl", {"q1": 0.6, "q2": 0.4})
    said = ran("compare", "toy", code=Exit.USAGE)
    assert "long + dsl lacks 2 of the queries that bm25 + none has on fruit: q3, q4." in said


def test_cells_that_are_missing_are_counted(sparsebench: Shell) -> None:
    toys.write_suite(Path("toy.yaml"), Path("fruit").resolve(), MODELS)
    sparsebench("run", "toy.yaml", "--only", "*/*/none")
    assert "Left out: 0 failed and 2 pending cells." in sparsebench("compare", "toy")
    said = sparsebench("compare", "toy", "--baseline", "bm25+dsl", code=Exit.USAGE)
    assert "toy has no row 'bm25+dsl'" in said


def test_a_suite_of_one_row_has_nothing_to_compare(sparsebench: Shell) -> None:
    toys.write_suite(Path("toy.yaml"), Path("fruit").resolve(), "models: [bm25]\n")
    sparsebench("run", "toy.yaml")
    assert "toy has 1 row: nothing to compare" in sparsebench("compare", "toy", code=Exit.OK)


def test_results_of_before_baselines_were_kept_ask_for_one(ran: Shell) -> None:
    path = Path("runs/toy/index.json")
    fields = {name: value for name, value in json.loads(path.read_text()).items() if name not in ("schema", "checksum")}
    path.write_text(json.dumps({**fields, "baseline": None}))
    said = ran("compare", "toy", code=Exit.USAGE)
    assert "Name one with --baseline. There is: bm25+dsl, bm25+none, long+dsl, long+none." in said
    ran("compare", "toy", "--baseline", "bm25+none")


def test_medians_are_not_compared_as_means(ran: Shell) -> None:
    toys.write_suite(Path("toy.yaml"), Path("fruit").resolve(), MODELS)
    text = Path("toy.yaml").read_text().replace("[nDCG@10, RR@10]", "[MdR, MnR]")
    Path("toy.yaml").write_text(text)
    ran("run", "toy.yaml")
    assert "(not a median or a count)" in ran("compare", "toy", code=Exit.USAGE)
    assert "## fruit: MnR" in ran("compare", "toy", "--measure", "MnR")


def test_comparing_imports_no_torch(ran: Shell) -> None:
    script = (
        "import sys\nfrom sparsebench.cli import main\nsys.argv = ['sparsebench', 'compare', 'toy']\n"
        "try:\n    main()\nexcept SystemExit as stop:\n    assert stop.code == 0, stop.code\n"
        "assert 'torch' not in sys.modules\n"
    )
    done = subprocess.run([sys.executable, "-c", script], check=False, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
