from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

import toys
from commands import sparsebench
from seals import as_schema_1
from sparsebench.cli import COMMANDS, Exit
from sparsebench.encoding import engines


@pytest.fixture(autouse=True)
def _here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("SPARSEBENCH_STORE", str(tmp_path / "store"))
    toys.write_collection(tmp_path / "fruit")
    models = "models: [bm25, {name: bm25, label: long, b: 0.0}]\npostprocessors: [none, {name: dsl, tau: 1.0}]\n"
    toys.write_suite(tmp_path / "toy.yaml", tmp_path / "fruit", models)


def test_run_prints_the_leaderboard_and_says_where_it_is(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    assert sparsebench(monkeypatch, "run", "toy.yaml") == Exit.OK
    printed = capsys.readouterr().out
    assert "bm25 + none" in printed
    assert "runs/toy/leaderboard.md" in printed


def test_run_ends_with_what_was_not_applicable_and_why(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    toys.write_suite(tmp_path / "toy.yaml", tmp_path / "fruit", "models: [bm25]\nanalyzers: [removal, sparsity]\n")
    assert sparsebench(monkeypatch, "run", "toy.yaml") == Exit.OK
    last = capsys.readouterr().out.rstrip().splitlines()[-1]
    reason = "the query side does not expand: a query's active dimensions are its own tokens"
    assert last == f"not applicable: removal on fruit, bm25 ({reason})"


def test_plan_then_run_then_plan_has_nothing_left_to_do(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    assert sparsebench(monkeypatch, "plan", "toy.yaml") == Exit.OK
    before = capsys.readouterr().out
    assert "4 of 4 cells to compute on cpu" in before
    assert "not yet known" in before
    sparsebench(monkeypatch, "run", "toy.yaml")
    capsys.readouterr()
    assert sparsebench(monkeypatch, "plan", "toy.yaml") == Exit.OK
    assert "0 of 4 cells to compute" in capsys.readouterr().out


def test_plan_says_what_is_not_at_hand(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    Path("fruit").rename("vegetables")
    assert sparsebench(monkeypatch, "plan", "toy.yaml") == Exit.OK
    printed = capsys.readouterr().out
    assert "fruit/bm25/dsl\nfruit/long/none\n" in printed
    assert "not at hand:" in printed
    assert "corpus.jsonl" in printed


def test_publish_report_and_check(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    sparsebench(monkeypatch, "run", "toy.yaml")
    assert sparsebench(monkeypatch, "publish", "toy") == Exit.OK
    assert sparsebench(monkeypatch, "report", "toy", "--check") == Exit.OK
    assert sparsebench(monkeypatch, "report", "toy", "--published", "--check") == Exit.OK
    page = Path("leaderboards/toy.md")
    page.write_text(page.read_text().replace("1.0000", "0.9000", 1))
    assert sparsebench(monkeypatch, "report", "toy", "--published", "--check") == Exit.FAILED_CELLS
    sparsebench(monkeypatch, "report", "toy", "--published")
    assert sparsebench(monkeypatch, "report", "toy", "--published", "--check") == Exit.OK
    capsys.readouterr()
    sparsebench(monkeypatch, "run", "toy.yaml")
    assert "reproduced 8 of 8 published figures" in capsys.readouterr().out


def test_only_runs_the_cells_that_match(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    assert sparsebench(monkeypatch, "run", "toy.yaml", "--only", "*/bm25/none") == Exit.OK
    assert "3 cells are not computed yet" in capsys.readouterr().out
    assert sparsebench(monkeypatch, "run", "toy.yaml", "--only", "nosuch") == Exit.USAGE
    assert "fruit/long/dsl" in capsys.readouterr().err


def test_a_sample_of_queries_has_a_leaderboard_of_its_own(monkeypatch: pytest.MonkeyPatch) -> None:
    assert sparsebench(monkeypatch, "run", "toy.yaml", "--limit-queries", "2") == Exit.OK
    assert Path("runs/toy-limit-2/leaderboard.md").is_file()
    assert not Path("runs/toy").exists()


def test_an_override_changes_the_suite(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    assert sparsebench(monkeypatch, "run", "toy.yaml", "--set", "models.1.label=renamed") == Exit.OK
    assert "renamed" in capsys.readouterr().out


def test_explain_shows_terms_documents_and_contributions(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    assert sparsebench(monkeypatch, "explain", "toy.yaml", "fruit/bm25/dsl", "--query", "q4") == Exit.OK
    printed = capsys.readouterr().out
    assert "query q4: stone" in printed
    assert "original (1): stone 1.00" in printed
    (first,) = [line for line in printed.splitlines() if line.startswith("| 1 ")]
    assert "d4" in first
    assert "| stone 0.48 " in first
    assert "| stone stone |" in first


def test_explain_asks_for_one_cell_and_a_known_query(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    assert sparsebench(monkeypatch, "explain", "toy.yaml", "bm25", "--query", "q1") == Exit.USAGE
    assert "matches 2 cells" in capsys.readouterr().err
    assert sparsebench(monkeypatch, "explain", "toy.yaml", "fruit/bm25/none", "--query", "q9") == Exit.USAGE
    assert "fruit has no query 'q9'. There is: q1, q2, q3, q4." in capsys.readouterr().err


def test_mistakes_are_all_named_at_once_without_a_traceback(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    path = Path("toy.yaml")
    path.write_text(path.read_text().replace("nDCG@10", "nDGC@10").replace("name: dsl", "name: dls"))
    assert sparsebench(monkeypatch, "run", "toy.yaml") == Exit.USAGE
    shown = capsys.readouterr().err
    assert "toy.yaml:3:" in shown
    assert "Did you mean 'dsl'?" in shown
    assert "Traceback" not in shown


def test_a_cell_that_fails_gives_exit_code_1_and_is_told_with_its_reason(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    path = Path("toy.yaml")
    path.write_text(path.read_text().replace("{name: dsl, tau: 1.0}", "{name: dsl_single_query, tau: 1.0}"))
    path.write_text(path.read_text().replace(", bank: {split: train}", ""))
    assert sparsebench(monkeypatch, "run", "toy.yaml", "--quiet") == Exit.FAILED_CELLS
    said = capsys.readouterr()
    assert said.out == ""
    told = [line for line in said.err.splitlines() if line.startswith("failed: ")]
    assert told
    assert all("dsl_single_query: " in line and "bank" in line for line in told)
    assert sparsebench(monkeypatch, "publish", "toy") == Exit.USAGE


def test_offline_fails_at_once_with_the_list_of_what_is_missing(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    monkeypatch.setenv("HF_HUB_CACHE", str(tmp_path / "hub"))
    path = Path("toy.yaml")
    revision = "a" * 40
    path.write_text(
        path.read_text().replace(
            "models: [bm25,", f"models: [{{name: splade, checkpoint: some/one, revision: {revision}}},"
        )
    )
    path.write_text(path.read_text().replace("fruit, split", "nowhere, split"))
    for command in (["run", "toy.yaml", "--offline"], ["fetch", "toy.yaml", "--offline"]):
        assert sparsebench(monkeypatch, *command) == Exit.USAGE
        shown = capsys.readouterr().err
        assert "some/one" in shown
        assert "corpus.jsonl" in shown


def test_offline_a_bank_that_is_not_at_hand_is_named_too(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    monkeypatch.setenv("IR_DATASETS_HOME", str(tmp_path / "empty"))
    path = Path("toy.yaml")
    path.write_text(path.read_text().replace("bank: {split: train}", "bank: {id: beir/fiqa/train}"))
    assert sparsebench(monkeypatch, "fetch", "toy.yaml", "--offline") == Exit.USAGE
    assert "beir/fiqa/train: " in capsys.readouterr().err


def test_a_published_mean_that_its_queries_do_not_give_is_named(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    sparsebench(monkeypatch, "run", "toy.yaml")
    sparsebench(monkeypatch, "publish", "toy")
    as_schema_1(Path("leaderboards/toy"))
    records = Path("leaderboards/toy/records.jsonl")
    records.write_text(records.read_text().replace('"RR@10": 1.0', '"RR@10": 0.9', 1))
    capsys.readouterr()
    assert sparsebench(monkeypatch, "report", "toy", "--published", "--check") == Exit.FAILED_CELLS
    assert "fruit/bm25/none: RR@10 is 0.9, its queries give 1.000000" in capsys.readouterr().out


def test_an_id_that_nearly_names_a_carried_collection_is_told_its_name(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    Path("near.yaml").write_text("name: near\ncollections: [{id: mini/wep}]\nmodels: [bm25]\n")
    assert sparsebench(monkeypatch, "plan", "near.yaml") == Exit.USAGE
    assert "has 'mini/wep'. Did you mean 'mini/web'?" in capsys.readouterr().err


def test_fetch_gets_what_the_chosen_cells_need_and_no_more(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    models = "models: [bm25, {name: splade, checkpoint: nobody/nothing, revision: " + "a" * 40 + "}]\n"
    toys.write_suite(tmp_path / "two.yaml", tmp_path / "fruit", models)
    monkeypatch.setenv("HF_HUB_CACHE", str(tmp_path / "hub"))
    assert sparsebench(monkeypatch, "fetch", "two.yaml", "--offline") == Exit.USAGE
    assert "nobody/nothing" in capsys.readouterr().err
    assert sparsebench(monkeypatch, "fetch", "two.yaml", "--offline", "--only", "*/bm25/*") == Exit.OK
    assert sparsebench(monkeypatch, "fetch", "two.yaml", "--only", "nosuch") == Exit.USAGE
    assert "no cell matches nosuch" in capsys.readouterr().err


def test_fetch_says_when_everything_is_at_hand(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    assert sparsebench(monkeypatch, "fetch", "toy.yaml") == Exit.OK
    assert "toy: everything is at hand" in capsys.readouterr().out


def test_a_device_that_is_not_there_is_refused(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    assert sparsebench(monkeypatch, "run", "toy.yaml", "--device", "nosuch") == Exit.USAGE
    assert "there is no such device" in capsys.readouterr().err


def test_plugins_are_listed_for_people_and_programs(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    assert sparsebench(monkeypatch, "plugins", "list") == Exit.OK
    assert "sinkhorn_single_query" in capsys.readouterr().out
    assert sparsebench(monkeypatch, "plugins", "list", "--json", "-p", "no:builtin-analyzers") == Exit.OK
    listed = json.loads(capsys.readouterr().out)
    assert {row["kind"] for row in listed["plugins"]} == {"models", "postprocessors", "collections"}
    assert listed["blocked"] == ["builtin-analyzers"]


def test_the_doctor_finds_nothing_wrong_here(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    assert sparsebench(monkeypatch, "doctor") == Exit.OK
    told = capsys.readouterr().out
    assert "all is well" in told
    assert "no GPU is used: " in told or "GPUs are visible" in told
    assert "encoding on the CPU: " in told


def test_what_is_missing_for_speed_is_told_with_the_way_to_get_it(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(engines, "_has_numba", lambda: False)
    assert sparsebench(monkeypatch, "doctor") == Exit.FAILED_CELLS
    assert "problem: numba cannot be imported (pip install numba)" in capsys.readouterr().out
    sparsebench(monkeypatch, "run", "toy.yaml")
    assert "slow: numba cannot be imported (pip install numba)" in capsys.readouterr().err
    sparsebench(monkeypatch, "run", "toy.yaml", "--quiet")
    assert "numba" not in capsys.readouterr().err


def test_a_device_that_nobody_compared_is_refused_before_anything_is_read(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    assert sparsebench(monkeypatch, "run", "no such suite", "--device", "mps") == Exit.USAGE
    assert "--device mps: Apple's GPUs have not been compared with a CPU" in capsys.readouterr().err


def test_the_doctor_names_a_store_that_cannot_be_written(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("SPARSEBENCH_STORE", "toy.yaml/store")
    assert sparsebench(monkeypatch, "doctor") == Exit.FAILED_CELLS
    assert "cannot write below toy.yaml/store" in capsys.readouterr().out


def test_the_cache_is_listed_and_cleared(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    assert sparsebench(monkeypatch, "cache", "ls") == Exit.OK
    sparsebench(monkeypatch, "run", "toy.yaml")
    assert sparsebench(monkeypatch, "cache", "ls") == Exit.OK
    assert "vectors" in capsys.readouterr().out
    assert sparsebench(monkeypatch, "cache", "clear", "--yes") == Exit.OK
    assert sparsebench(monkeypatch, "cache", "ls") == Exit.OK


def test_the_schema_is_json_and_knows_the_parameters_of_plugins(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    assert sparsebench(monkeypatch, "schema") == Exit.OK
    text = capsys.readouterr().out
    assert json.loads(text)["properties"]["postprocessors"]
    assert "document_marginal" in text


def test_help_lists_every_command_and_each_command_has_its_own(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    assert sparsebench(monkeypatch, "--help") == Exit.OK
    shown = capsys.readouterr().out
    assert all(f"  {name}" in shown for name in COMMANDS)
    for name in COMMANDS:
        assert sparsebench(monkeypatch, name, "--help") == Exit.OK
    assert sparsebench(monkeypatch, "nosuch") == Exit.USAGE


@pytest.mark.parametrize("words", [["--help"], ["plugins", "list"], ["plan", "toy.yaml"], ["report", "toy"]])
def test_what_computes_nothing_imports_no_torch(words: list[str], monkeypatch: pytest.MonkeyPatch) -> None:
    if words[0] == "report":
        sparsebench(monkeypatch, "run", "toy.yaml")
    script = (
        "import sys\nfrom sparsebench.cli import main\n"
        f"sys.argv = ['sparsebench', *{words!r}]\n"
        "try:\n    main()\nexcept SystemExit as stop:\n    assert stop.code in (0, 5), stop.code\n"
        "assert 'torch' not in sys.modules\n"
    )
    done = subprocess.run([sys.executable, "-c", script], check=False, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
