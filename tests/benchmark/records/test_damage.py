"""Whatever changes below `runs/` or `leaderboards/` is noticed, named, and made whole again by one command."""

from __future__ import annotations

import errno
import gzip
import json
import re
import shutil
import warnings
from collections.abc import Callable
from pathlib import Path

import pytest

import toys
from seals import as_schema_1
from sparsebench.contracts import Analysis, SuiteAnalyzer, SuiteContext
from sparsebench.contracts.hookspecs import AnalyzerPlugin, hookimpl
from sparsebench.errors import StoreError
from sparsebench.leaderboard import Board, publish, published_report, publishing, read_board, read_report
from sparsebench.leaderboard.export import export
from sparsebench.progress import Silent
from sparsebench.records import Damage
from sparsebench.runner import Runner
from sparsebench.store import Store

SUITE = """\
models: [words]
postprocessors: [none, {name: sinkhorn, tau: 0.5}]
baseline: {model: words, postprocessor: none}
analyzers: [sparsity, hubness, drawing]
"""
Damaging = Callable[[bytes], bytes | None]


class Drawing(SuiteAnalyzer):
    """Draws one figure."""

    def analyze(self, context: SuiteContext) -> Analysis:
        return Analysis({"cells": len(context.records)}, {"plot.svg": '<svg width="12"/>'}, "A figure.")


class DrawingPlugin:
    @hookimpl
    def register_analyzers(self) -> list[AnalyzerPlugin]:
        return [AnalyzerPlugin("drawing", Drawing, "one figure")]


def run(root: Path) -> Board:
    store = Store(root / "store")
    plan = toys.plan_suite(root / "toy.yaml", store, toys.registry(DrawingPlugin()))
    return Runner(store, root / "runs", Silent()).run(plan)


@pytest.fixture(scope="module")
def ran(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A suite that ran and was published."""
    root = tmp_path_factory.mktemp("ran")
    toys.write_suite(root / "toy.yaml", toys.write_collection(root / "fruit"), SUITE)
    board = run(root)
    assert board.failures == ()
    publish(board, root / "runs/toy", root / "leaderboards")
    return root


@pytest.fixture
def root(ran: Path, tmp_path: Path) -> Path:
    """A copy of it, to break."""
    shutil.copytree(ran / "runs", tmp_path / "runs")
    shutil.copytree(ran / "leaderboards", tmp_path / "leaderboards")
    for name in ("store", "fruit", "toy.yaml"):
        (tmp_path / name).symlink_to(ran / name)
    return tmp_path


def flipped(content: bytes) -> bytes:
    """One bit in the middle."""
    middle = len(content) // 2
    return content[:middle] + bytes([content[middle] ^ 1]) + content[middle + 1 :]


def another_digit(content: bytes) -> bytes:
    """The last digit, so that a text stays well formed; of what has none, the last byte."""
    *_, last = re.finditer(rb"\d", content) if re.search(rb"\d", content) else re.finditer(rb"(?s).", content)
    return content[: last.start()] + (b"1" if last[0] != b"1" else b"2") + content[last.end() :]


DAMAGES: dict[str, Damaging] = {
    "a flipped bit": flipped,
    "another digit": another_digit,
    "truncated": lambda content: content[: len(content) // 2],
    "empty": lambda content: b"",
    "not UTF-8": lambda content: b"\xff\xfe" + content,
    "deleted": lambda content: None,
}


def damage(path: Path, how: str) -> None:
    """Damage a file."""
    content = DAMAGES[how](path.read_bytes())
    path.unlink()
    if content is not None:
        path.write_bytes(content)


def one(root: Path, pattern: str) -> Path:
    return sorted((root / "runs/toy").glob(pattern))[0]


def files(folder: Path) -> dict[str, bytes]:
    """What is in it, but costs, which are of another run each time."""
    found = {str(path.relative_to(folder)): path for path in folder.rglob("*") if path.is_file()}
    return {name: _without_costs(path) for name, path in found.items() if not path.name.startswith("leaderboard")}


def _without_costs(path: Path) -> bytes:
    if path.name != "record.json":
        return path.read_bytes()
    record = json.loads(path.read_bytes())
    return json.dumps({name: value for name, value in record.items() if name not in ("costs", "checksum")}).encode()


OF_A_RUN = [
    "*/record.json",
    "*/run.trec.gz",
    "*/per_query.csv",
    "analyses/*/analysis.json",
    "analyses/*/plot.svg",
    "index.json",
]


@pytest.mark.parametrize("how", DAMAGES)
@pytest.mark.parametrize("pattern", OF_A_RUN)
def test_the_next_run_makes_whole_what_was_damaged(root: Path, pattern: str, how: str) -> None:
    whole, path = files(root / "runs"), one(root, pattern)
    damage(path, how)
    missing = how == "deleted" and path.name.endswith(".json")
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        board = run(root)
    assert [str(warning.message) for warning in caught if str(path) in str(warning.message)] or missing
    assert board.failures == ()
    assert files(root / "runs") == whole
    assert {record.measures["nDCG@10"] for record in board.records} == {
        record.measures["nDCG@10"] for record in run(root).records
    }


READ_BY_A_REPORT = ["*/record.json", "*/per_query.csv", "analyses/*/plot.svg", "index.json"]


@pytest.mark.parametrize("how", [how for how in DAMAGES if how != "deleted"])
@pytest.mark.parametrize("pattern", READ_BY_A_REPORT)
def test_a_report_believes_nothing_that_was_changed(root: Path, pattern: str, how: str) -> None:
    path = one(root, pattern)
    damage(path, how)
    with pytest.raises(Damage, match=rf"{re.escape(str(path))} is damaged: .*`sparsebench run toy`"):
        read_report(root / "runs/toy").write(root, "page")


@pytest.mark.parametrize("how", [how for how in DAMAGES if how != "deleted"])
@pytest.mark.parametrize("pattern", [*READ_BY_A_REPORT, "*/run.trec.gz"])
def test_nothing_that_was_changed_is_published(root: Path, pattern: str, how: str) -> None:
    path = one(root, pattern)
    damage(path, how)
    with pytest.raises(Damage, match=rf"{re.escape(str(path))} is damaged: .*`sparsebench run toy`"):
        publish(read_board(root / "runs/toy"), root / "runs/toy", root / "elsewhere")


@pytest.mark.parametrize("pattern", ["*/per_query.csv", "analyses/*/plot.svg"])
def test_a_report_misses_what_was_deleted(root: Path, pattern: str) -> None:
    path = one(root, pattern)
    path.unlink()
    with pytest.raises(Damage, match=rf"{re.escape(str(path))} is (damaged|missing).*`sparsebench run toy`"):
        read_report(root / "runs/toy").write(root, "page")


@pytest.mark.parametrize("pattern", ["*/per_query.csv", "analyses/*/plot.svg", "*/run.trec.gz"])
def test_nothing_is_published_beside_what_was_deleted(root: Path, pattern: str) -> None:
    path = one(root, pattern)
    path.unlink()
    with pytest.raises(Damage, match=rf"{re.escape(str(path))} is (damaged|missing).*`sparsebench run toy`"):
        publish(read_board(root / "runs/toy"), root / "runs/toy", root / "elsewhere")


def test_a_cell_whose_record_was_deleted_is_pending_and_not_made_up(root: Path) -> None:
    before = len(read_board(root / "runs/toy").records)
    one(root, "*/record.json").unlink()
    board = read_board(root / "runs/toy")
    assert (len(board.records), board.pending) == (before - 1, 1)


@pytest.mark.parametrize("how", DAMAGES)
def test_no_run_that_was_changed_is_exported(root: Path, how: str) -> None:
    path = one(root, "*/run.trec.gz")
    damage(path, how)
    with pytest.raises(Damage, match=rf"{re.escape(str(path))} is damaged: .*`sparsebench run toy`"):
        export(read_board(root / "runs/toy"), root / "runs/toy", root / "out")


def test_a_digit_of_a_mean_is_not_printed_but_measured_again(root: Path) -> None:
    path = one(root, "*/record.json")
    before = json.loads(path.read_text())["measures"]
    path.write_text(path.read_text().replace(f'"nDCG@10": {before["nDCG@10"]}', '"nDCG@10": 0.9643'))
    with pytest.warns(UserWarning, match=r"record\.json is damaged: its content has another checksum"):
        run(root)
    assert json.loads(path.read_text())["measures"] == before
    assert "0.9643" not in (root / "runs/toy/leaderboard.md").read_text()


OF_A_PUBLICATION = ["records.jsonl", "per_query.csv.gz", "curves.csv.gz", "index.json", "drawing.plot.svg"]


@pytest.mark.parametrize("how", DAMAGES)
@pytest.mark.parametrize("name", OF_A_PUBLICATION)
def test_what_is_published_is_believed_only_as_it_was_written(root: Path, name: str, how: str) -> None:
    path = root / "leaderboards/toy" / name
    damage(path, how)
    said = (
        r"holds no results"
        if (name, how) == ("index.json", "deleted")
        else rf"{re.escape(str(path))}(:\d+)? is damaged"
    )
    with pytest.raises(Exception, match=said) as caught:
        published_report(root / "leaderboards", "toy").write(root, "page")
    assert "`sparsebench" in str(caught.value)


@pytest.mark.parametrize("how", ["truncated", "empty", "not UTF-8", "deleted"])
@pytest.mark.parametrize("name", ["records.jsonl", "per_query.csv.gz"])
def test_a_publication_of_schema_1_that_cannot_be_read_is_named(root: Path, name: str, how: str) -> None:
    """It has no checksums of its files; what breaks the format of one is an error all the same."""
    folder = root / "leaderboards/toy"
    as_schema_1(folder)
    damage(folder / name, how)
    with pytest.raises(Damage, match=rf"{re.escape(str(folder / name))}(:\d+)? is damaged: .*git checkout"):
        published_report(root / "leaderboards", "toy").write(root, "page")


def test_a_publication_of_schema_1_has_the_same_pages_and_is_written_on_as_schema_2(root: Path) -> None:
    folder = root / "leaderboards/toy"
    whole, report = files(root / "leaderboards"), published_report(root / "leaderboards", "toy")
    pages = {form: report.render(form) for form in ("md", "csv", "json", "latex")}
    as_schema_1(folder)
    old = published_report(root / "leaderboards", "toy")
    assert {form: old.render(form) for form in pages} == pages
    assert old.unfounded() == []
    publish(read_board(root / "runs/toy"), root / "runs/toy", root / "leaderboards")
    assert files(root / "leaderboards") == whole


def test_publishing_again_heals_a_publication(root: Path) -> None:
    whole = files(root / "leaderboards")
    damage(root / "leaderboards/toy/per_query.csv.gz", "truncated")
    publish(read_board(root / "runs/toy"), root / "runs/toy", root / "leaderboards")
    assert files(root / "leaderboards") == whole


def test_an_archive_is_a_gzip_of_the_values(ran: Path) -> None:
    text = gzip.decompress((ran / "leaderboards/toy/per_query.csv.gz").read_bytes()).decode()
    assert text.splitlines()[0] == "cell,measure,query_id,value"


def test_a_publication_that_fails_leaves_what_was_published(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    whole, boards = files(root / "leaderboards"), root / "leaderboards"
    board = read_board(root / "runs/toy")
    write = publishing.write_bytes_atomically

    def full(path: Path, content: bytes) -> None:
        if path.name == "curves.csv.gz":
            raise OSError(errno.ENOSPC, "No space left on device")
        write(path, content)

    monkeypatch.setattr(publishing, "write_bytes_atomically", full)
    with pytest.raises(StoreError, match=r"No space left on device\. Free some space"):
        publish(board, root / "runs/toy", boards)
    assert files(boards) == whole
    assert [path.name for path in boards.iterdir() if path.name.startswith(".")] == []


def test_a_publication_cut_short_is_named_and_published_again(root: Path) -> None:
    boards, whole = root / "leaderboards", files(root / "leaderboards")
    (boards / "toy/per_query.csv.gz").write_bytes(gzip.compress(b"of a run that is not yet in the index"))
    with pytest.raises(Damage, match=r"per_query\.csv\.gz is damaged.*`sparsebench publish toy`"):
        published_report(boards, "toy")
    publish(read_board(root / "runs/toy"), root / "runs/toy", boards)
    assert files(boards) == whole
