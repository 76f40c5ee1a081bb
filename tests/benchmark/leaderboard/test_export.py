from __future__ import annotations

import gzip
import json
from pathlib import Path

import pytest
import yaml

from boards import QUERIES, rich_record, write_cell, write_records
from sparsebench.errors import StoreError
from sparsebench.leaderboard import read_board
from sparsebench.leaderboard.board import board_of
from sparsebench.leaderboard.export import export
from sparsebench.leaderboard.export.mteb import measure_name, task_result
from sparsebench.leaderboard.export.tasks import ENGLISH, TASKS
from sparsebench.records import Index, Record, SuiteFolder
from sparsebench.records.labels import file_name

RUN = gzip.compress(b"w1 Q0 d1 1 2.5 splade+dsl\n", mtime=0)


def write(folder: Path, *records: Record) -> None:
    write_records(folder, list(records))
    for record in records:
        write_cell(folder, record, run=RUN)


@pytest.fixture
def exported(tmp_path: Path) -> Path:
    runs, to = tmp_path / "runs/rich", tmp_path / "out"
    failed = rich_record("web", "bm25", "dsl", status="failed", error="no head", measures={})
    write(runs, rich_record("beir/scifact/test", "splade", "dsl"), rich_record("web", "bm25", "none"), failed)
    assert export(read_board(runs), runs, to) == 2
    return to


def test_every_finished_run_is_copied_byte_for_byte_with_its_metadata_beside_it(exported: Path) -> None:
    files = {str(path.relative_to(exported / "runs")) for path in (exported / "runs").rglob("*.*")}
    assert files == {
        *(f"{name}/{file}" for name in ("beir-scifact-test", "web") for file in ("qrels.txt", "queries.tsv")),
        "beir-scifact-test/splade+dsl.trec",
        "web/bm25+none.trec",
        "beir-scifact-test/splade+dsl.trec.gz",
        "beir-scifact-test/splade+dsl.metadata.yml",
        "web/bm25+none.trec.gz",
        "web/bm25+none.metadata.yml",
    }
    assert (exported / "runs/web/bm25+none.trec.gz").read_bytes() == RUN


def test_metadata_has_the_keys_of_its_schema_and_what_the_record_knows(exported: Path) -> None:
    metadata = yaml.safe_load((exported / "runs/beir-scifact-test/splade+dsl.metadata.yml").read_text())
    keys = ["tag", "actor", "platform", "research goal", "implementation", "data", "method"]
    assert list(metadata) == keys
    assert metadata["data"]["test collection"]["ir_datasets"] == "beir/scifact/test"
    assert metadata["platform"]["hardware"]["cpu"] == {
        "model": "abacus",
        "architecture": "x86_64",
        "number of cores": 2,
    }
    assert metadata["platform"]["software"]["libraries"]["python"] == ["numpy==2.0"]
    assert metadata["research goal"]["evaluation"]["baseline"] == ["bm25+none"]
    first, second = metadata["method"]["retrieval"]
    assert first["params"]["checkpoint"] == "naver/splade-v3"
    assert (second["reranks"], second["params"]["tau"]) == ("splade", 0.5)


def test_a_folder_is_no_collection_of_ir_datasets_and_no_postprocessor_reranks_nothing(exported: Path) -> None:
    metadata = yaml.safe_load((exported / "runs/web/bm25+none.metadata.yml").read_text())
    assert "ir_datasets" not in metadata["data"]["test collection"]
    assert [stage["name"] for stage in metadata["method"]["retrieval"]] == ["bm25"]


def folder_of(place: Path, name: str) -> Path:
    (revision,) = (place / "mteb" / f"sparsebench__{name}").iterdir()
    return revision


def test_judgments_and_all_test_queries_lie_beside_the_runs(exported: Path) -> None:
    place = exported / "runs/web"
    assert (place / "bm25+none.trec").read_bytes() == gzip.decompress(RUN)
    asked = [line.split("\t")[0] for line in (place / "queries.tsv").read_text().splitlines()]
    assert asked == QUERIES["web"]  # the run answers one of eight
    assert (place / "qrels.txt").read_text().splitlines()[0] == "w1 0 d1 1"


def test_figures_are_files_of_a_model_its_revision_and_a_task(exported: Path) -> None:
    folder = folder_of(exported, "splade+dsl")
    assert folder.name.startswith("a" * 40 + "-")
    result = json.loads((folder / "beir-scifact-test.json").read_text())
    assert result["task_name"] == "SciFact"
    (scores,) = result["scores"]["test"]
    assert scores["main_score"] == scores["ndcg_at_10"] == pytest.approx(0.85)
    assert scores["mrr_at_10"] == pytest.approx(0.425)
    assert (scores["hf_subset"], scores["languages"]) == ("default", ["eng-Latn"])
    assert result["evaluation_time"] == 32.0
    meta = json.loads((folder / "model_meta.json").read_text())
    assert (meta["name"], meta["revision"]) == ("sparsebench/splade+dsl", folder.name)
    own = json.loads((folder_of(exported, "bm25") / "web.json").read_text())
    assert (own["task_name"], own["scores"]["test"][0]["languages"]) == ("web", [])


def test_a_sample_of_a_collection_is_no_task_of_mteb() -> None:
    record = rich_record("beir/scifact/test", "splade", "none")
    assert task_result(record)["task_name"] == "SciFact"
    assert task_result(record, sampled=True)["task_name"] == "beir/scifact/test"


def test_systems_of_one_name_and_two_suites_are_two_models(tmp_path: Path) -> None:
    one = rich_record("web", "splade", "dsl")
    part = one.cell.postprocessor.model_copy(update={"params": {"tau": 3.0}})
    two = one.model_copy(update={"cell": one.cell.model_copy(update={"postprocessor": part})})
    for name, record in (("one", one), ("two", two), ("again", one)):
        write(tmp_path / name, record)
        export(read_board(tmp_path / name), tmp_path / name, tmp_path / "out")
    folders = sorted((tmp_path / "out/mteb/sparsebench__splade+dsl").iterdir())
    metas = [json.loads((folder / "model_meta.json").read_text()) for folder in folders]
    taus = [meta["experiment_kwargs"]["postprocessor"]["params"].get("tau") for meta in metas]
    assert sorted(taus, key=str) == [3.0, None]


def test_mteb_itself_takes_them(exported: Path) -> None:
    meta = pytest.importorskip("mteb.models.model_meta", reason="mteb is not installed")
    results = pytest.importorskip("mteb.results", reason="mteb is not installed")
    for name in ("splade+dsl", "bm25"):
        folder = folder_of(exported, name)
        found = meta.ModelMeta.model_validate_json((folder / "model_meta.json").read_text())
        assert found.name == f"sparsebench/{name}"
        (task,) = [path for path in folder.glob("*.json") if path.name != "model_meta.json"]
        assert results.TaskResult.from_disk(task).task_name in ("SciFact", "web")


def test_every_task_is_one_of_mteb() -> None:
    mteb = pytest.importorskip("mteb", reason="mteb is not installed")
    for task in TASKS.values():
        assert mteb.get_task(task).metadata.eval_langs == [ENGLISH]


def test_the_command_that_made_a_run_is_whole(tmp_path: Path) -> None:
    record = rich_record("web", "bm25", "none")
    command = "sparsebench run 'my suite.yaml' --set depth=100 -p mine.py"
    write_records(tmp_path / "rich", [record], command=command)
    write_cell(tmp_path / "rich", record, run=RUN)
    export(read_board(tmp_path / "rich"), tmp_path / "rich", tmp_path / "out")
    metadata = yaml.safe_load((tmp_path / "out/runs/web/bm25+none.metadata.yml").read_text())
    assert metadata["implementation"]["executable"]["cmd"] == f"{command} --only web/bm25/none"


@pytest.mark.parametrize(
    ("ours", "theirs"),
    [("nDCG@10", "ndcg_at_10"), ("R@100", "recall_at_100"), ("RR(rel=2)@10", "RR(rel=2)@10"), ("MdR", "MdR")],
)
def test_measures_have_the_names_of_mteb_where_it_has_the_same(ours: str, theirs: str) -> None:
    assert measure_name(ours) == theirs


@pytest.mark.parametrize(("label", "name"), [("a/b c", "a-b-c"), ("..", "unnamed"), ("größe", "größe")])
def test_labels_are_safe_as_file_names(label: str, name: str) -> None:
    assert file_name(label) == name


def test_two_labels_that_make_one_file_name_are_refused(tmp_path: Path) -> None:
    slash, dash = (rich_record("web", "bm25", "none") for _ in range(2))
    parts = [slash.cell.model.model_copy(update={"label": label}) for label in ("a/b", "a-b")]
    records = [
        record.model_copy(update={"key": key * 64, "cell": record.cell.model_copy(update={"model": part})})
        for record, key, part in zip((slash, dash), "12", parts, strict=True)
    ]
    index = Index(suite="s", description="", cells=tuple(record.key for record in records))
    with pytest.raises(StoreError, match=r"2 cells would be web/a-b\+none\.trec\.gz"):
        export(board_of(index, records), tmp_path, tmp_path / "out")


@pytest.mark.parametrize("damage", ["deleted", "truncated"])
def test_a_run_that_is_not_what_was_measured_is_an_error_that_says_what_to_do(tmp_path: Path, damage: str) -> None:
    record = rich_record("web", "bm25", "none")
    write(tmp_path / "rich", record)
    run = SuiteFolder(tmp_path / "rich").run(record.key)
    run.unlink() if damage == "deleted" else run.write_bytes(RUN[:-4])
    with pytest.raises(StoreError, match=r"run\.trec\.gz is damaged.*sparsebench run rich"):
        export(read_board(tmp_path / "rich"), tmp_path / "rich", tmp_path / "out")
