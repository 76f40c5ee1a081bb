"""The walk of three new users, command by command: what stopped them once must not stop the next."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from browser import Browser, find_chromium
from commands import sparsebench
from sparsebench.cli import Exit

Output = pytest.CaptureFixture[str]
TEXTS = ("wing flow heat", "plate speed gas", "jet wing wings", "cat dog tree", "river flow of gas", "the dog a cat")
HOSTILE = "".join(map(chr, range(33, 127))) + "é国|‮\u2028" + "x" * 101


@pytest.fixture(autouse=True)
def _here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("SPARSEBENCH_STORE", str(tmp_path / "store"))
    monkeypatch.setenv("COLUMNS", "100")
    own_files()


def own_files() -> None:
    """The student's: documents, three queries and one that nobody judged, judgments as TREC writes them."""
    Path("docs.tsv").write_text("".join(f"d{place}\tTitle {place}. {text}\n" for place, text in enumerate(TEXTS)))
    Path("queries.tsv").write_text("q0\twing “flow” é 国\nq1\tgas speed\nq2\tcat\nq3\tnobody judged this\n")
    Path("qrels.txt").write_text("q0 0 d2 1\nq1 0 d1 2\nq1 0 d4 1\nq2 0 d5 1\n")


def beir_folder(place: Path) -> None:
    """The same collection in BEIR's layout."""
    rows = [json.dumps({"_id": f"d{number}", "title": "", "text": text}) for number, text in enumerate(TEXTS)]
    (place / "qrels").mkdir(parents=True)
    (place / "corpus.jsonl").write_text("\n".join(rows) + "\n")
    (place / "queries.jsonl").write_text('{"_id": "q0", "text": "wing “flow” é 国"}\n{"_id": "q1", "text": "gas"}\n')
    (place / "qrels/test.tsv").write_text("query-id\tcorpus-id\tscore\nq0\td2\t1\nq1\td1\t2\n")


def suite(
    text: str = "models: [bm25]\n", *, name: str = "mine", file: str = "suite.yaml", data: str = "my data"
) -> str:
    Path(file).write_text(
        f"name: {name}\nmeasures: [nDCG@10, R@10]\ndepth: 10\ncollections: [{{beir: {json.dumps(data)}}}]\n{text}"
    )
    return file


def test_a_student_goes_from_own_files_to_a_published_board(monkeypatch: pytest.MonkeyPatch, capsys: Output) -> None:
    """F3, F1, F2, B4, B1, C2, B3, C5, B6."""

    def do(*words: str, code: int = Exit.OK) -> str:
        capsys.readouterr()
        assert sparsebench(monkeypatch, *words) == code, capsys.readouterr()
        found = capsys.readouterr()
        return found.out + found.err

    assert "quickstart" in do("suites")
    do("init", "--docs", "docs.tsv", "--queries", "queries.tsv", "--qrels", "qrels.txt", "--to", "drinks.yaml")
    assert "never computed" in do("plan", "drinks.yaml")
    first = do("run", "drinks.yaml", "--in-process")
    assert "1 cell: 1 computed, 0 kept, 0 failed" in first
    assert "0 of 1 cells to compute" in do("plan", "drinks.yaml")
    assert "1 cell: 0 computed, 1 kept, 0 failed" in do("run", "drinks.yaml", "--in-process")
    for command in (["report"], ["publish"], ["export", "--to", "out"], ["compare"], ["runs", "prune"]):
        do(*command, "./drinks.yaml")
    assert "has no relevant document" in do("explain", "drinks.yaml", "*/bm25/none", "--query", "q3", code=Exit.USAGE)
    assert "There is: q0, q1, q2" in do("explain", "drinks.yaml", "*/bm25/none", "--query", "q33", code=Exit.USAGE)
    (page,) = Path("leaderboards").glob("*.md")
    do("report", "drinks.yaml", "--published", "--check")
    page.write_text(page.read_text().replace("0.", "1.", 1))
    said = do("report", "drinks.yaml", "--published", "--check", code=Exit.FAILED_CELLS)
    assert "report --published" in said or "publish" in said  # the command that helps
    do("cache", "prune", "drinks.yaml", "--yes")
    assert "0 of 1 cells to compute" in do("plan", "drinks.yaml")


@pytest.mark.parametrize("asked", ["suite.yaml", "./suite.yaml", "mine"])
def test_what_run_takes_every_command_takes_and_paths_may_have_spaces(
    monkeypatch: pytest.MonkeyPatch, asked: str
) -> None:
    """Case 39."""
    beir_folder(Path("my data"))
    assert sparsebench(monkeypatch, "run", suite(), "-q", "--in-process") == Exit.OK
    for words in (["report"], ["compare"], ["export", "--to", "out"], ["publish"]):
        assert sparsebench(monkeypatch, *words, asked) == Exit.OK


def test_a_folder_that_is_nowhere_is_a_sentence(monkeypatch: pytest.MonkeyPatch, capsys: Output) -> None:
    """Case 39, the backslash."""
    assert sparsebench(monkeypatch, "run", suite(data="my\\data"), "-q", "--in-process") == Exit.USAGE
    said = capsys.readouterr().err
    assert "my\\data" in said
    assert "Traceback" not in said


@pytest.mark.parametrize(
    "environment",
    [
        {"PYTHONIOENCODING": "cp1252", "PYTHONUTF8": "0"},
        {"PYTHONIOENCODING": "ascii", "PYTHONUTF8": "0"},
        {"LC_ALL": "POSIX", "PYTHONCOERCECLOCALE": "0", "PYTHONUTF8": "0"},
    ],
    ids=["cp1252", "ascii", "posix"],
)
def test_no_console_ends_a_command_whose_work_is_done(environment: dict[str, str]) -> None:
    """Case 31: each command in one interpreter, whose streams have the console's encoding."""
    beir_folder(Path("my data"))
    suite(
        'models: [bm25, {name: bm25, label: "naïve 国", b: 0.0}]\npostprocessors: [none, {name: sinkhorn, tau: 0.1}]\n'
    )
    commands = [
        ["run", "suite.yaml", "--in-process"],
        ["report", "mine"],
        ["compare", "mine"],
        ["explain", "suite.yaml", "*/bm25/none", "--query", "q0"],
        ["schema", "reference"],
        ["plugins", "list"],
        ["plan", "suite.yaml"],
        ["runs", "ls"],
    ]
    script = (
        "import sys\nfrom sparsebench.cli import main\n"
        f"for words in {commands!r}:\n"
        "    sys.argv = ['sparsebench', *words]\n"
        "    try:\n        main()\n    except SystemExit as stop:\n"
        "        assert stop.code == 0, (words, stop.code)\n"
    )
    clean = {name: value for name, value in os.environ.items() if name not in ("PYTHONIOENCODING", "PYTHONUTF8")}
    done = subprocess.run([sys.executable, "-c", script], env={**clean, **environment}, capture_output=True)
    assert done.returncode == 0, done.stderr.decode(errors="replace")[-2000:]


@pytest.mark.parametrize("command", ["run", "plan", "report", "publish", "compare", "export"])
def test_a_suite_that_is_nowhere_is_a_sentence(monkeypatch: pytest.MonkeyPatch, capsys: Output, command: str) -> None:
    more = ["--to", "out"] if command == "export" else []
    for asked in ("nowhere.yaml", "quickstrat"):
        assert sparsebench(monkeypatch, command, asked, *more) == Exit.USAGE
        said = capsys.readouterr().err
        assert asked in said
        assert "Traceback" not in said


@pytest.mark.parametrize("columns", ["40", "200"])
def test_a_label_of_two_hundred_strange_characters_fits_any_terminal_and_every_format(
    monkeypatch: pytest.MonkeyPatch, capsys: Output, columns: str
) -> None:
    monkeypatch.setenv("COLUMNS", columns)
    beir_folder(Path("my data"))
    label = json.dumps(HOSTILE[:200])
    assert len(HOSTILE[:200]) == 200
    suite(f"models: [bm25, {{name: bm25, label: {label}, b: 0.0}}]\n")
    assert sparsebench(monkeypatch, "run", "suite.yaml", "--in-process") == Exit.OK
    table = [line for line in capsys.readouterr().out.splitlines() if "bm25" in line or "…" in line]
    assert table
    assert all(len(line) <= int(columns) for line in table)
    for form in ("md", "html", "csv", "json", "latex"):
        assert sparsebench(monkeypatch, "report", "mine", "--format", form, "--output", f"page.{form}") == Exit.OK
    rows = {
        line.count("|")
        for line in Path("page.md").read_text().splitlines()
        if line.startswith("| !") or "| bm25" in line
    }
    assert Path("page.html").read_text().count("</html>") == 1
    assert rows
    assert sparsebench(monkeypatch, "export", "mine", "--to", "out") == Exit.OK


@pytest.mark.skipif(find_chromium() is None, reason="no Chromium here; Debian has it: apt-get install chromium")
def test_a_label_of_two_hundred_strange_characters_widens_no_page(monkeypatch: pytest.MonkeyPatch) -> None:
    beir_folder(Path("my data"))
    suite(f"models: [bm25, {{name: bm25, label: {json.dumps(HOSTILE[:200])}, b: 0.0}}]\n")
    assert sparsebench(monkeypatch, "run", "suite.yaml", "-q", "--in-process") == Exit.OK
    assert sparsebench(monkeypatch, "report", "mine", "--format", "html", "--output", "page.html") == Exit.OK
    executable = find_chromium()
    assert executable is not None
    with Browser(executable) as browser:
        for width in (400, 1400):
            browser.open(Path("page.html"), width=width)
            assert browser.evaluate("document.documentElement.scrollWidth") <= width
            assert HOSTILE[:60] in browser.evaluate("document.body.textContent")
            assert browser.problems == []


def test_a_plugin_goes_from_the_generator_to_a_row_of_the_board(
    monkeypatch: pytest.MonkeyPatch, capsys: Output
) -> None:
    """The plugin author's path, with the generated folder on the path in place of an installation."""
    assert sparsebench(monkeypatch, "plugins", "new", "postprocessor", "halve") == Exit.OK
    module = Path("sparsebench-halve/sparsebench_halve/__init__.py")
    assert sparsebench(monkeypatch, "plugins", "check", str(module)) == Exit.OK, capsys.readouterr()
    Path("suite.yaml").write_text(
        "name: mine\nmeasures: [nDCG@10]\ndepth: 10\nmodels: [bm25]\npostprocessors: [none, halve]\n"
        "collections: [{id: mini/web, split: test, bank: {split: train}}]\n"
    )
    assert sparsebench(monkeypatch, "run", "suite.yaml", "--in-process", "-p", str(module)) == Exit.OK
    assert "bm25 + halve" in Path("runs/mine/leaderboard.md").read_text()
