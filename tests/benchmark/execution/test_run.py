"""`sparsebench run` and plugins that end their process: the others' cells are there, and so is the board."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from contextlib import closing
from pathlib import Path

import pytest

import ending
import toys
import writing
from breakers import by_label
from commands import sparsebench
from sparsebench.cli import Exit
from sparsebench.execution import Local, run_suite
from sparsebench.execution.request import Request
from sparsebench.leaderboard import Board
from sparsebench.leaderboard.board import read_board

ENDING = str(Path(ending.__file__))

EVERYWHERE = """
models: [ends_identity, ends_loading, ends_encoding, bm25]
postprocessors: [none, ends_applying, ends_fitting, {name: dsl, tau: 1}]
analyzers: [ends_group, sparsity, ends_cell, ends_suite]
"""


@pytest.fixture(autouse=True)
def _here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("SPARSEBENCH_STORE", str(tmp_path / "store"))
    monkeypatch.setenv("COLUMNS", "200")
    toys.write_collection(tmp_path / "fruit")


def board_of(extra: str, *words: str, monkeypatch: pytest.MonkeyPatch, code: int) -> Board:
    toys.write_suite(Path("toy.yaml"), Path("fruit"), extra)
    assert sparsebench(monkeypatch, "run", "toy.yaml", "-p", ENDING, *words) == code
    assert Path("runs/toy/leaderboard.html").is_file()
    return read_board(Path("runs/toy"))


@pytest.fixture
def sound(monkeypatch: pytest.MonkeyPatch) -> dict[str, dict[str, float]]:
    """What the sound cells measure where nothing ends."""
    board = board_of(
        "models: [bm25]\npostprocessors: [none, {name: dsl, tau: 1}]\n",
        "--in-process",
        monkeypatch=monkeypatch,
        code=Exit.OK,
    )
    return {label: dict(record.measures) for label, record in by_label(board).items()}


REASONS = {
    "KeyboardInterrupt": "raised KeyboardInterrupt, which would end the process",
    "no text": "Mute: it has no text",
    "BaseException": "raised Own, which would end the process",
    "sys.exit": "SystemExit(0): a plugin must not end the process",
    "os._exit": "it ended the process with exit code 0",
    "SIGSEGV": "the process died of SIGSEGV at ending.py:",
}


SLOW = [pytest.param(way, marks=pytest.mark.slow) for way in ("os._exit", "SIGSEGV")]


@pytest.mark.parametrize("way", ["sys.exit", "KeyboardInterrupt", "BaseException", "no text", *SLOW])
def test_who_ends_the_process_fails_alone_whatever_it_is(
    monkeypatch: pytest.MonkeyPatch, sound: dict[str, dict[str, float]], way: str
) -> None:
    monkeypatch.setenv("ENDS", way)
    board = board_of(EVERYWHERE, monkeypatch=monkeypatch, code=Exit.FAILED_CELLS)
    records = by_label(board)
    assert {label: dict(records[label].measures) for label in sound} == sound
    failed = {label: str(record.error) for label, record in records.items() if label not in sound}
    assert len(failed) == 14
    assert all(REASONS[way] in error for error in failed.values()), failed
    analysis = records["bm25+none"].analysis
    for label in ("ends_group", "ends_cell"):
        assert REASONS[way] in analysis[label]["error"]
    assert "error" not in analysis["sparsity"]
    assert REASONS[way] in board.index.analyses["ends_suite"]["error"]


def test_a_model_a_postprocessor_and_an_analyzer_that_leave_fail_alone(
    monkeypatch: pytest.MonkeyPatch, sound: dict[str, dict[str, float]]
) -> None:
    monkeypatch.setenv("ENDS", "os._exit")
    extra = "models: [ends_encoding, bm25]\npostprocessors: [none, ends_applying]\nanalyzers: [ends_suite]\n"
    board = board_of(extra, monkeypatch=monkeypatch, code=Exit.FAILED_CELLS)
    records = by_label(board)
    assert records.pop("bm25+none").measures == sound["bm25+none"]
    assert len(records) == 3
    assert all(REASONS["os._exit"] in str(record.error) for record in records.values())
    assert "EndsApplying.apply" in str(records["bm25+ends_applying"].error)
    assert REASONS["os._exit"] in board.index.analyses["ends_suite"]["error"]


def test_a_plugin_that_outlasts_its_time_fails_alone(
    monkeypatch: pytest.MonkeyPatch, sound: dict[str, dict[str, float]]
) -> None:
    monkeypatch.setenv("ENDS", "never")
    extra = "models: [ends_encoding, bm25]\npostprocessors: [none, {name: dsl, tau: 1}]\n"
    records = by_label(board_of(extra, "--plugin-timeout", "15", monkeypatch=monkeypatch, code=Exit.FAILED_CELLS))
    for label, measures in sound.items():
        assert records[label].measures == measures
    for label in ("ends_encoding+none", "ends_encoding+dsl"):
        assert str(records[label].error).startswith("Loaded.encode(…, '")
        assert "it had not ended after 15 s (--plugin-timeout) at ending.py:" in str(records[label].error)


@pytest.mark.slow
def test_who_hangs_ends_by_the_time_limit_wherever_it_is_called(
    monkeypatch: pytest.MonkeyPatch, sound: dict[str, dict[str, float]]
) -> None:
    monkeypatch.setenv("ENDS", "never")
    board = board_of(EVERYWHERE, "--plugin-timeout", "15", monkeypatch=monkeypatch, code=Exit.FAILED_CELLS)
    records = by_label(board)
    assert {label: dict(records[label].measures) for label in sound} == sound
    failed = {label: str(record.error) for label, record in records.items() if label not in sound}
    assert len(failed) == 14
    late = "had not ended after 15 s (--plugin-timeout) at ending.py:"
    assert all(late in error for error in failed.values()), failed
    assert late in records["bm25+none"].analysis["ends_group"]["error"]
    assert late in board.index.analyses["ends_suite"]["error"]


@pytest.mark.parametrize("way", ["os._exit", pytest.param("never", marks=pytest.mark.slow)])
def test_a_collection_whose_plugin_ends_or_hangs_is_refused_by_the_name_of_the_plugin(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], way: str
) -> None:
    monkeypatch.setenv("ENDS", way)
    toys.write_suite(Path("toy.yaml"), Path("fruit"), "models: [bm25]\n")
    words = ["--set", "collections.0={id: ends/reading, domain: in}", "-p", ENDING, "--plugin-timeout", "15"]
    assert sparsebench(monkeypatch, "run", "toy.yaml", *words) == Exit.USAGE
    told = capsys.readouterr().err
    assert "EndsReading, which reads the collection 'ends/reading'" in told
    assert {"os._exit": "exit code 0", "never": "--plugin-timeout"}[way] in told
    assert "Traceback" not in told


def test_a_collection_that_hangs_when_it_is_read_again_fails_its_cells(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ENDS", "never")
    monkeypatch.setenv("ENDS_FROM", "2")
    toys.write_suite(Path("toy.yaml"), Path("fruit"), "models: [bm25]\n")
    words = ["--set", "collections.0={id: ends/reading, domain: in}", "-p", ENDING, "--plugin-timeout", "4"]
    assert sparsebench(monkeypatch, "run", "toy.yaml", *words) == Exit.FAILED_CELLS
    (folder,) = Path("runs").iterdir()
    (record,) = read_board(folder).records
    assert "had not ended after 4 s (--plugin-timeout) at ending.py:" in str(record.error)


@pytest.mark.parametrize(
    "source", ["import time\ntime.sleep(60)\n", "def register_models():\n    import time\n    time.sleep(60)\n"]
)
def test_a_plugin_that_hangs_when_it_is_found_is_named(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], source: str
) -> None:
    hook = "from sparsebench import hookimpl\n\n\n@hookimpl\n" if source.startswith("def") else ""
    Path("hangs.py").write_text(hook + source)
    toys.write_suite(Path("toy.yaml"), Path("fruit"), "models: [bm25]\n")
    assert sparsebench(monkeypatch, "run", "toy.yaml", "-p", "hangs.py", "--plugin-timeout", "3") == Exit.USAGE
    told = capsys.readouterr().err
    assert "plugin hangs.py" in told
    assert "it had not ended after 3 s (--plugin-timeout) at hangs.py:" in told
    assert "Traceback" not in told


OUTSIDE = """
import os
import sparsebench.runner as runner
from sparsebench import hookimpl

evaluated = runner.analyze_group

def ends(evaluation, *others):
    # As a thread of a plugin does, or the memory killer: at a time when no plugin was called.
    return os._exit(0) if evaluation.group.model.spec.label == "flat" else evaluated(evaluation, *others)

runner.analyze_group = ends

@hookimpl
def register_models():
    return []
"""


def test_a_process_that_dies_while_no_plugin_is_called_costs_the_cells_at_hand(
    monkeypatch: pytest.MonkeyPatch, sound: dict[str, dict[str, float]]
) -> None:
    Path("outside.py").write_text(OUTSIDE)
    board = board_of(
        "models: [{name: bm25, label: flat, b: 0}, bm25]\npostprocessors: [none, {name: dsl, tau: 1}]\n",
        "-p",
        "outside.py",
        monkeypatch=monkeypatch,
        code=Exit.FAILED_CELLS,
    )
    records = by_label(board)
    assert {label: dict(records[label].measures) for label in sound} == sound
    failed = [str(record.error) for label, record in records.items() if label not in sound]
    assert len(failed) == 2
    assert all(error.startswith("flat on fruit: it ended the process with exit code 0") for error in failed), failed


def test_a_time_limit_needs_a_process_of_its_own(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    toys.write_suite(Path("toy.yaml"), Path("fruit"), "models: [bm25]\n")
    assert sparsebench(monkeypatch, "run", "toy.yaml", "--in-process", "--plugin-timeout", "3") == Exit.USAGE
    assert "leave out --in-process" in capsys.readouterr().err


def test_a_mistake_in_the_suite_is_one_message_from_the_child_too(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    toys.write_suite(Path("toy.yaml"), Path("fruit"), "models: [bm52]\n")
    assert sparsebench(monkeypatch, "run", "toy.yaml") == Exit.USAGE
    told = capsys.readouterr().err
    assert "Did you mean 'bm25'?" in told
    assert "Traceback" not in told


def test_a_run_with_nothing_left_to_do_imports_no_torch_in_any_process(tmp_path: Path) -> None:
    toys.write_suite(Path("toy.yaml"), Path("fruit"), "models: [bm25]\npostprocessors: [none, {name: dsl, tau: 1}]\n")
    command = [sys.executable, "-m", "sparsebench", "run", "toy.yaml"]
    assert subprocess.run(command, check=False, capture_output=True).returncode == 0
    (tmp_path / "path/torch").mkdir(parents=True)
    (tmp_path / "path/torch/__init__.py").write_text("raise SystemExit('torch was imported')\n")
    path = os.pathsep.join([str(tmp_path / "path"), *filter(None, [os.environ.get("PYTHONPATH")])])
    again = subprocess.run(command, check=False, capture_output=True, text=True, env={**os.environ, "PYTHONPATH": path})
    assert again.returncode == 0, again.stderr
    assert "bm25 + dsl" in again.stdout


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_an_interrupted_run_ends_with_2_and_keeps_what_is_done(tmp_path: Path, number: signal.Signals) -> None:
    toys.write_suite(Path("toy.yaml"), Path("fruit"), "models: [bm25, ends_encoding]\n")
    command = [sys.executable, "-m", "sparsebench", "run", "toy.yaml", "-p", ENDING]
    environment = {**os.environ, "ENDS": "never", "PYTHONPATH": os.pathsep.join(filter(None, sys.path))}
    run = subprocess.Popen(command, stderr=subprocess.PIPE, text=True, env=environment)
    assert run.stderr is not None
    told = next(line for line in run.stderr if "[2/2]" in line)  # the first group is done
    assert "ends_encoding on fruit" in told
    time.sleep(0.5)
    run.send_signal(number)
    rest = run.stderr.read()
    assert run.wait(30) == Exit.INTERRUPTED
    assert "interrupted: finished cells are kept" in rest
    assert "Traceback" not in rest
    (done,) = (tmp_path / "runs/toy").glob("*/record.json")
    assert '"ok"' in done.read_text()


def test_several_workers_share_the_documents_of_a_group_and_encode_none_twice(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("ENCODED", str(tmp_path / "encoded"))
    lines = [f'{{"_id": "d{number}", "text": "apple"}}\n' for number in range(3 * 4096)]
    Path("fruit/corpus.jsonl").write_text("".join(lines))
    toys.write_suite(Path("toy.yaml"), Path("fruit"), "models: [writes_down]\n")
    request = Request(suite="toy.yaml", plugin_switches=(str(Path(writing.__file__)),))
    with closing(Local(workers=2)) as executor:
        planned = run_suite(request, executor)
    (record,) = read_board(planned.folder).records
    assert record.status == "ok"
    documents = [line.split() for line in (tmp_path / "encoded").read_text().splitlines() if "document" in line]
    assert sorted(int(count) for _, _, count in documents) == [4096, 4096, 4096]
    assert len({process for process, _, _ in documents}) == 2
