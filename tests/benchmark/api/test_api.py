"""The Python way in: what a notebook calls, and that it is what the command does."""

from __future__ import annotations

import inspect
import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import click
import pytest
from click.testing import CliRunner

import ending
import sparsebench
import toys
from sparsebench.cli.compare import command as compare_command
from sparsebench.cli.plan import command as plan_command
from sparsebench.cli.run import command as run_command
from sparsebench.errors import SparsebenchError, StoreError, SuiteError

SUITE = """
models: [bm25, {name: bm25, label: flat, b: 0.0}]
postprocessors: [none, {name: inverted_softmax, label: corrected, tau: 0.5}]
"""
PRINTING = ("quiet",)
"""Options of what a command prints."""


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with the toy suite, its runs and its store."""
    folder = tmp_path_factory.mktemp("api")
    toys.write_suite(folder / "toy.yaml", toys.write_collection(folder / "fruit"), SUITE)
    return folder


@pytest.fixture(scope="module")
def results(place: Path) -> sparsebench.Results:
    return sparsebench.run(place / "toy.yaml", store=place / "store", runs=place / "runs", device="cpu")


def test_a_suite_runs_and_its_results_come_back(results: sparsebench.Results, place: Path) -> None:
    assert repr(results) == f"<results of toy: 4 cells ({place / 'runs' / 'toy'})>"
    assert [record.status for record in results.records] == ["ok"] * 4
    assert results.failures == ()
    assert str(results) == (place / "runs" / "toy" / "leaderboard.md").read_text()


def test_the_records_can_be_read_again(results: sparsebench.Results, place: Path) -> None:
    assert str(sparsebench.load_records(place / "runs" / "toy")) == str(results)


def test_published_records_can_be_read(monkeypatch: pytest.MonkeyPatch) -> None:
    folder = Path(__file__).resolve().parents[3] / "leaderboards" / "quickstart"
    published = sparsebench.load_records(folder)
    assert len(published.records) > 10
    assert published.per_query()["mini/web"]


def test_where_there_is_nothing_an_error_says_what_makes_it(tmp_path: Path) -> None:
    with pytest.raises(StoreError, match="holds no results"):
        sparsebench.load_records(tmp_path)


def test_a_frame_has_a_row_for_each_cell_with_every_measure(results: sparsebench.Results) -> None:
    pytest.importorskip("pandas", reason="pandas is not installed")
    frame = results.to_pandas()
    assert len(frame) == 4
    for record, (_, row) in zip(results.records, frame.iterrows(), strict=True):
        assert row["key"] == record.key
        assert row["nDCG@10"] == record.measures["nDCG@10"]
        assert row["postprocessor"] in ("none", "corrected")


def test_per_query_values_have_the_means_of_the_records(results: sparsebench.Results) -> None:
    values = results.per_query("RR@10")["fruit"]
    assert list(values) == ["bm25 + none", "bm25 + corrected", "flat + none", "flat + corrected"]
    for record in results.records:
        of = values[f"{record.cell.model.label} + {record.cell.postprocessor.label}"]
        assert set(of) == {"q1", "q2", "q3", "q4"}
        assert sum(of.values()) / 4 == pytest.approx(record.measures["RR@10"], abs=1e-5)


def test_the_first_measure_is_the_default(results: sparsebench.Results) -> None:
    assert results.per_query() == results.per_query("nDCG@10") == results.per_query("ndcg@10")


def test_a_measure_that_nobody_computed_is_named(results: sparsebench.Results) -> None:
    with pytest.raises(StoreError, match=r"not measured by 'AP@5'.* There is: RR@10, nDCG@10"):
        results.per_query("AP@5")


def test_rows_are_compared_as_the_command_compares_them(results: sparsebench.Results, place: Path) -> None:
    comparison = results.compare(baseline="flat + none", measure="RR@10")
    assert comparison.baseline == "flat + none"
    assert {cell.system for cell in comparison.cells} == set(results.per_query()["fruit"])
    with pytest.raises(StoreError, match=r"no row 'flat \+ nothing'. Did you mean 'flat\+none'"):
        results.compare(baseline="flat + nothing")
    arguments = ["toy", "--runs", str(place / "runs"), "--baseline", "flat + none", "--measure", "RR@10"]
    told = CliRunner().invoke(compare_command, arguments).output
    (contrast,) = [cell.contrast for cell in comparison.cells if cell.system == "bm25 + none"]
    assert contrast is not None
    assert f"{contrast.difference:+.4f}" in told


def test_a_notebook_shows_the_tables(results: sparsebench.Results) -> None:
    html = results._repr_html_()
    assert html.count("<tr>") == 5
    assert "<td>flat</td><td>corrected</td>" in html
    assert "script" not in html


def test_a_notebook_shows_labels_as_they_are(results: sparsebench.Results, place: Path) -> None:
    odd = sparsebench.run(
        place / "toy.yaml", set="models.1.label=<b>", only="<b>", store=place / "store", runs=place / "odd"
    )
    assert "<td>&lt;b&gt;</td>" in odd._repr_html_()


def test_a_plan_says_what_is_cached(results: sparsebench.Results, place: Path) -> None:
    options = {"store": place / "store", "runs": place / "runs", "device": "cpu"}
    planned = sparsebench.plan(place / "toy.yaml", **options)
    assert repr(planned) == "<plan of toy: 0 of 4 cells to compute on cpu>"
    changed = sparsebench.plan(place / "toy.yaml", set=["postprocessors.1.tau=2"], only="corrected", **options)
    assert (changed.todo, len(changed.cells)) == (2, 2)
    assert changed._repr_html_().count("<tr>") == 2 + 2 + 2
    assert [cell.key for cell in planned.cells] == [record.key for record in results.records]


def test_a_plan_is_a_frame(place: Path) -> None:
    pytest.importorskip("pandas", reason="pandas is not installed")
    frame = sparsebench.plan(place / "toy.yaml", store=place / "store", runs=place / "runs").to_pandas()
    assert list(frame.columns) == ["collection", "model", "postprocessor", "sees", "cached", "key", "because"]


def test_a_cell_that_fails_is_told_and_the_others_are_there(place: Path, tmp_path: Path) -> None:
    plugin = tmp_path / "broken.py"
    plugin.write_text(
        "from sparsebench import Postprocessor, PostprocessorPlugin, State, hookimpl\n"
        "class Broken(Postprocessor):\n"
        "    sees = 'query'\n"
        "    def fit(self, blocks, context):\n"
        "        return State()\n"
        "    def apply(self, block, state, row_stats):\n"
        "        raise ValueError('no luck')\n"
        "@hookimpl\n"
        "def register_postprocessors():\n"
        "    return [PostprocessorPlugin('broken', Broken, 'fails')]\n"
    )
    suite = toys.write_suite(tmp_path / "toy.yaml", place / "fruit", "models: [bm25]\npostprocessors: [none, broken]\n")
    results = sparsebench.run(suite, plugins=str(plugin), store=place / "store", runs=tmp_path / "runs")
    assert len(results.records) == 2
    assert "no luck" in results.failures[0]
    assert "1 failed" in repr(results)


def test_a_plugin_that_ends_its_process_costs_its_cell_and_not_the_notebook(
    place: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("ENDS", "os._exit")
    suite = toys.write_suite(
        tmp_path / "toy.yaml", place / "fruit", "models: [bm25]\npostprocessors: [none, ends_applying]\n"
    )
    options = {"plugins": ending.__file__, "store": place / "store", "runs": tmp_path / "runs"}
    results = sparsebench.run(suite, **options)
    assert [record.status for record in results.records] == ["ok", "failed"]
    assert "exit code 0" in results.failures[0]


def test_in_this_process_a_plugin_shares_it_and_nothing_could_stop_it(place: Path, tmp_path: Path) -> None:
    plugin = tmp_path / "where.py"
    plugin.write_text(
        "import os\nfrom sparsebench import hookimpl\nos.environ['SEEN_BY'] = str(os.getpid())\n"
        "@hookimpl\ndef register_models():\n    return []\n"
    )
    suite = toys.write_suite(tmp_path / "toy.yaml", place / "fruit", "models: [bm25]\n")
    options = {"plugins": str(plugin), "store": place / "store", "runs": tmp_path / "runs"}
    os.environ.pop("SEEN_BY", None)
    sparsebench.run(suite, **options)
    assert "SEEN_BY" not in os.environ
    sparsebench.run(suite, **options, in_process=True)
    assert os.environ.pop("SEEN_BY") == str(os.getpid())
    with pytest.raises(ValueError, match="leave out in_process"):
        sparsebench.run(suite, **options, in_process=True, plugin_timeout=3)


def test_a_mistake_has_its_own_kind_from_the_child_too(place: Path, tmp_path: Path) -> None:
    suite = toys.write_suite(tmp_path / "toy.yaml", place / "fruit", "models: [bm52]\n")
    with pytest.raises(SuiteError, match=r"toy.yaml:7:10: unknown model 'bm52'"):
        sparsebench.run(suite)


def test_mistakes_of_a_suite_are_errors_with_their_place(place: Path, tmp_path: Path) -> None:
    suite = toys.write_suite(tmp_path / "toy.yaml", place / "fruit", "models: [bm52]\n")
    with pytest.raises(SuiteError, match=r"toy.yaml:7:10: unknown model 'bm52'"):
        sparsebench.plan(suite)


@pytest.mark.parametrize(
    ("command", "call"), [(run_command, sparsebench.run), (plan_command, sparsebench.plan)], ids=["run", "plan"]
)
def test_keywords_are_the_options_of_the_command(command: click.Command, call: Callable[..., object]) -> None:
    given = command.make_context("sparsebench", ["toy"]).params
    defaults = {_keyword(option): given[str(option.name)] for option in command.params if option.name not in PRINTING}
    parameters = inspect.signature(call).parameters
    assert defaults.keys() == parameters.keys()
    for name, parameter in parameters.items():
        if parameter.default is not inspect.Parameter.empty:
            assert (str(parameter.default), name) == (str(defaults[name]), name)


def _keyword(option: click.Parameter) -> str:
    """The longest name of an option, in the plural where a keyword takes all that the command takes one by one."""
    name = max(option.opts, key=len).lstrip("-").replace("-", "_")
    return "plugins" if name == "plugin" else name


def test_without_pandas_an_error_says_how_to_get_it(
    results: sparsebench.Results, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "pandas", None)
    with pytest.raises(SparsebenchError, match=r"pip install 'sparsebench\[pandas\]'"):
        results.to_pandas()


def test_a_plan_and_its_records_load_no_torch(results: sparsebench.Results, place: Path, tmp_path: Path) -> None:
    shutil.copytree(place / "runs" / "toy", tmp_path / "toy")
    code = (
        "import sys, sparsebench\n"
        f"sparsebench.plan({str(place / 'toy.yaml')!r}, store={str(place / 'store')!r}, device='cpu')\n"
        f"found = sparsebench.load_records({str(tmp_path / 'toy')!r})\n"
        "found._repr_html_(), found.compare(), found.per_query()\n"
        "print([name for name in ('torch', 'transformers', 'pandas') if name in sys.modules])\n"
    )
    told = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert told.stdout.strip() == "[]"
