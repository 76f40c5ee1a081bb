from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from boards import rich_record
from sparsebench.leaderboard import render_markdown
from sparsebench.leaderboard.board import Board, board_of
from sparsebench.leaderboard.oracle import stamps
from sparsebench.leaderboard.oracle_facts import beir13, effectiveness, wackiness
from sparsebench.records import Index, Record
from sparsebench.registry import discover
from sparsebench.suite import load_suite

PUBLISHED = 0.7140  # SPLADE-v3 on SciFact, nDCG@10


def board(*records: Record) -> Board:
    return board_of(Index(suite="s", description="", cells=tuple(record.key for record in records)), records)


def cell(value: float = PUBLISHED, length: int | None = 512, **changes: Any) -> Record:
    """SPLADE-v3 on SciFact, texts cut at `length`; None: not said.

    changes: dotted names, as `model.params.revision`, `collection.label`, `documents`.
    """
    record = rich_record("beir/scifact/test", "splade", "none").model_dump()
    record["measures"] = {"nDCG@10": value}
    if length is not None:
        record["cell"]["about_model"] = {"lengths": {"query": length, "document": length}}
    for name, new in changes.items():
        *path, last = name.split(".")
        place = record["cell"] if path else record["provenance"]["collection"]
        for step in path:
            place = place[step]
        place[last] = new
    return Record.model_validate(record)


@pytest.mark.parametrize(
    ("found", "verdict"),
    [
        (0.7140, "OK"),
        (0.7190, "OK"),
        (0.7090, "OK"),
        (0.7200, "near"),
        (0.6940, "near"),
        (0.7350, "FAIL"),
        (0.6, "FAIL"),
    ],
)
def test_a_cell_with_a_twin_is_stamped_by_its_distance(found: float, verdict: str) -> None:
    (stamp,) = stamps(board(cell(found)))
    assert (stamp.verdict, stamp.published) == (verdict, PUBLISHED)
    assert stamp.difference == pytest.approx(found - PUBLISHED)


def test_a_stamp_is_a_line_of_the_leaderboard_with_its_source() -> None:
    line = (
        "- near: nDCG@10 of splade on beir/scifact/test: 0.7240, published 0.7140 (+0.0100; anserini: index quantised"
    )
    assert line in render_markdown(board(cell(0.724)))


@pytest.mark.parametrize(
    "change",
    [
        {"model.params.checkpoint": "naver/splade-v3-distil"},
        {"model.name": "splade_doc"},
        {"model.params.pooling": "sum"},
        {"model.params.document_prune": 0.5},
        {"model.params.query_checkpoint": "naver/other"},
        {"collection.name": "beir/scifact/train", "collection.params.ir_datasets": "beir/scifact/train"},
        {"collection.params.ir_datasets": None},  # a folder that calls itself so
        {"collection.params.drop_own_id": False},
        {"postprocessor.name": "dsl"},
        {"documents": 1000},  # a pool behind the id
        {"queries": 20},  # a sample
    ],
    ids=lambda change: ", ".join(change),
)
def test_what_differs_in_checkpoint_collection_rule_or_size_is_no_twin(change: dict[str, Any]) -> None:
    assert stamps(board(cell())) != ()
    assert stamps(board(cell(**change))) == ()


def test_a_few_documents_that_an_index_dropped_make_no_other_collection() -> None:
    assert stamps(board(cell(documents=5180))) != ()


def test_measures_that_are_not_published_have_no_twin() -> None:
    record = cell()
    assert stamps(board(record.model_copy(update={"measures": {"RR@10": 0.7}}))) == ()


def test_a_failed_cell_is_not_stamped() -> None:
    assert stamps(board(cell().model_copy(update={"status": "failed"}))) == ()


def wacky(value: float, length: int | None = 256, **changes: Any) -> Record:
    found = {"scoring_queries": {"source": "train", "n": 10000}, "paper_code": {"w_auc": value}}
    names = {"collection.params.ir_datasets": "msmarco-passage/dev/small", "documents": 8841823}
    record = cell(length=length, **{**names, **changes})
    return record.model_copy(update={"analysis": {"wackiness": found}, "measures": {}})


@pytest.mark.parametrize(("found", "verdict"), [(0.93, "OK"), (0.90, "near"), (0.85, "FAIL")])
def test_wackiness_is_compared_with_its_authors_within_their_two_sigma(found: float, verdict: str) -> None:
    (stamp,) = stamps(board(wacky(found)))
    assert (stamp.measure, stamp.published, stamp.verdict) == ("W-AUC paper_code", 0.947, verdict)


@pytest.mark.parametrize(("length", "verdict"), [(512, "other length"), (None, "unknown length")])
def test_wackiness_of_queries_cut_elsewhere_fails_nobody(length: int | None, verdict: str) -> None:
    (stamp,) = stamps(board(wacky(0.5, length)))
    assert stamp.verdict == verdict


def test_wackiness_of_other_scoring_queries_or_another_corpus_has_no_twin() -> None:
    pseudo = {"wackiness": {"scoring_queries": {"source": "pseudo", "n": 460}, "paper_code": {"w_auc": 0.947}}}
    assert stamps(board(wacky(0.947).model_copy(update={"analysis": pseudo}))) == ()
    assert stamps(board(wacky(0.947, **{"collection.params.ir_datasets": "msmarco-passage-v2/dev1"}))) == ()
    assert stamps(board(wacky(0.947, documents=12388))) == ()


def test_published_facts_are_those_of_their_source(shared_dir: Path) -> None:
    source = json.loads((shared_dir / "reference" / "anserini-splade.json").read_text())
    rows = [row for row in source["results"] if not row["model"].startswith("+")]  # without RM3 and Rocchio
    published = {value for row in rows for values in row["measures"].values() for value in values}
    ours = effectiveness()
    assert {value for fact in ours.facts for value in fact.measures.values()} <= published
    assert source["source"].split()[0] in ours.cite

    def figures(file: str) -> dict[str, float]:
        (row,) = (row for row in rows if row["file"] == file)
        return {name: values[0] for name, values in row["measures"].items()}

    facts = {(fact.checkpoint, fact.collection): fact for fact in ours.facts}
    assert facts["naver/splade-v3", "beir/scifact/test"].measures == figures("beir-v1.0.0-scifact.splade-v3.onnx")
    dl19 = facts["naver/splade-cocondenser-ensembledistil", "msmarco-passage/trec-dl-2019/judged"]
    expected = figures("dl19-passage.splade-pp-ed.onnx")
    assert (dl19.measures["nDCG@10"], dl19.measures["R(rel=2)@1000"]) == (expected["nDCG@10"], expected["R@1000"])


def test_every_fact_names_a_collection_of_ir_datasets_of_its_size() -> None:
    import ir_datasets

    catalogue = json.loads((Path(ir_datasets.__file__).parent / "etc" / "metadata.json").read_text())

    def count(id_: str, part: str) -> int:
        found = catalogue[id_][part]
        return int(found["count"]) if "count" in found else count(found["_ref"], part)

    for fact in effectiveness().facts:
        assert fact.collection in ir_datasets.registry
        assert fact.queries == count(fact.collection, "queries")
        assert fact.documents == pytest.approx(count(fact.collection, "docs"), rel=1e-3)
    assert all(known.collection in ir_datasets.registry for known in wackiness().facts)


def test_no_fact_is_told_twice() -> None:
    names = [(fact.checkpoint, fact.collection) for fact in effectiveness().facts]
    assert len(names) == len(set(names)) == 81


def with_lengths(record: Record, query: int, document: int) -> Record:
    """The same as records have it that do not say it in words: the model's key has it."""
    identity = {role: {"length": length} for role, length in (("query", query), ("document", document))}
    model = record.provenance.model.model_copy(update={"identity": identity})
    made = record.model_copy(update={"provenance": record.provenance.model_copy(update={"model": model})})
    return made.model_copy(update={"cell": made.cell.model_copy(update={"about_model": {}})})


@pytest.mark.parametrize(
    ("lengths", "found", "verdict"),
    [
        ((512, 512), PUBLISHED, "OK"),
        ((512, 512), 0.6, "FAIL"),
        ((256, 256), PUBLISHED, "other length"),
        ((256, 256), 0.6, "other length"),
        ((512, 256), 0.6, "other length"),
    ],
)
def test_a_run_with_other_lengths_is_stamped_so_and_never_fails(
    lengths: tuple[int, int], found: float, verdict: str
) -> None:
    (stamp,) = stamps(board(with_lengths(cell(found), *lengths)))
    assert stamp.verdict == verdict


@pytest.mark.parametrize("found", [PUBLISHED, 0.6])
def test_a_run_that_does_not_say_its_lengths_is_stamped_so_and_never_fails(found: float) -> None:
    (stamp,) = stamps(board(cell(found, length=None)))
    assert stamp.verdict == "unknown length"


GENERAL = {"model.name": "sparse_encoder"}


@pytest.mark.parametrize(("length", "verdict"), [(512, "OK"), (256, "other length"), (None, "unknown length")])
def test_the_general_door_has_the_same_twins_where_the_folder_says_its_lengths(
    length: int | None, verdict: str
) -> None:
    record = cell(PUBLISHED, length, **GENERAL)
    assert record.provenance.model is not None
    identity = {"query": {"length": None}, "document": {"length": None}}  # the suite says none
    model = record.provenance.model.model_copy(update={"identity": identity})
    made = record.model_copy(update={"provenance": record.provenance.model_copy(update={"model": model})})
    (stamp,) = stamps(board(made))
    assert stamp.verdict == verdict


def test_a_run_of_whole_texts_has_another_length_than_one_that_cuts_them() -> None:
    said = {"lengths": {"query": None, "document": None}}
    record = cell(0.6)
    whole = record.model_copy(update={"cell": record.cell.model_copy(update={"about_model": said})})
    (stamp,) = stamps(board(whole))
    assert stamp.verdict == "other length"


def test_a_figure_that_its_publishers_doubt_fails_nobody() -> None:
    """SPLADE-v3 on ArguAna: .4845 at Anserini's, .509 in the paper, which has a row of its own."""
    arguana = {
        "collection.params.ir_datasets": "beir/arguana",
        "collection.params.drop_own_id": True,
        "documents": 8674,
        "queries": 1406,
    }
    at_512 = stamps(board(with_lengths(cell(0.509, **arguana), 512, 512)))
    assert {stamp.source: stamp.verdict for stamp in at_512} == {"anserini": "doubted", "paper": "other length"}
    assert all(stamp.verdict in str(stamp) and "doubt" in stamp.note for stamp in at_512 if stamp.source == "anserini")
    at_256 = stamps(board(with_lengths(cell(0.509, **arguana), 256, 256)))
    assert {stamp.source: stamp.verdict for stamp in at_256} == {"anserini": "other length", "paper": "OK"}


def test_a_mean_over_the_thirteen_sets_of_beir_has_a_figure_and_fewer_have_none() -> None:
    records = [
        cell(0.517, **{"collection.params.ir_datasets": name, "collection.label": name}).model_copy(
            update={"key": f"{number:064x}"}
        )
        for number, name in enumerate(beir13().collections)
    ]
    found = [stamp for stamp in stamps(board(*records)) if stamp.measure == "mean nDCG@10"]
    assert [(stamp.verdict, stamp.published) for stamp in found] == [("OK", 0.517)]
    assert not [stamp for stamp in stamps(board(*records[1:])) if stamp.measure == "mean nDCG@10"]


def test_the_suite_of_beir_asks_for_the_thirteen_sets_of_its_figures(repository: Path) -> None:
    asked = load_suite(str(repository / "suites" / "beir13.yaml"), discover(())).collections
    assert all(spec.drop_own_id for spec in asked)  # as Anserini's figures have it
    assert tuple(spec.id for spec in asked) == beir13().collections
