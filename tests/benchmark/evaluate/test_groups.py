"""Groups of documents, and the rank of the first relevant answer on all scores (METHODS 3.8b)."""

from __future__ import annotations

import json
from collections.abc import Mapping
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import sparsebench
from sparsebench.collection.groups import Groups
from sparsebench.errors import SparsebenchError
from sparsebench.evaluate.answers import Answers
from sparsebench.evaluate.first_ranks import Relevant, first_ranks, first_ranks_csv, read_first_ranks
from sparsebench.search import MatrixScores
from sparsebench.types import Query, Topics

MEASURES = "[R@1, R@2, Success@1, Success@2, MdR, MnR, RR]"


def suite(
    folder: Path,
    scores: np.ndarray,
    qrels: Mapping[str, Mapping[str, int]],
    *,
    more: str = "",
    depth: int = 2,
    posts: str = "[none]",
    model: str = "score_matrix, matrix: s.npy",
) -> Path:
    folder.mkdir(exist_ok=True)
    np.save(folder / "s.npy", scores)
    queries, documents = scores.shape
    (folder / "q.tsv").write_text("".join(f"v{row}\tvideo {row}\n" for row in range(queries)))
    (folder / "d.tsv").write_text("".join(f"c{place:02}\tcaption {place}\n" for place in range(documents)))
    judged = (f"{query} 0 {doc} {grade}\n" for query, grades in qrels.items() for doc, grade in grades.items())
    (folder / "qrels.txt").write_text("".join(judged))
    (folder / "s.yaml").write_text(
        f"name: case\nmeasures: {MEASURES}\ndepth: {depth}\ncollections:\n"
        f"  - {{name: t, docs_tsv: d.tsv, queries_tsv: q.tsv, qrels: qrels.txt{more}}}\n"
        f"models: [{{name: {model}}}]\npostprocessors: {posts}\n"
    )
    return folder / "s.yaml"


def measured(path: Path) -> list[Mapping[str, float]]:
    results = sparsebench.run(path, runs=path.parent / "runs", store=path.parent / "store")
    assert not results.failures, results.failures
    return [record.measures for record in results.records]


def record_of(path: Path) -> tuple[Path, Mapping[str, Any]]:
    (found,) = (path.parent / "runs" / "case").glob("*/record.json")
    return found.parent, json.loads(found.read_text())


# Two videos with three captions each; the first wrong caption stands between the right ones.
CAPTIONS = np.array([[9, 1, 5, 8, 1, 1], [1, 7, 1, 6, 2, 1]], dtype=np.float32)
OF_VIDEOS = {"v0": {"c00": 1, "c01": 1, "c02": 1}, "v1": {"c03": 1, "c04": 1, "c05": 1}}
GROUPS = "".join(f"c{place:02}\tv{place // 3}\n" for place in range(6))


def test_recall_of_many_right_answers_is_not_what_text_video_papers_call_so(tmp_path: Path) -> None:
    (found,) = measured(suite(tmp_path, CAPTIONS, OF_VIDEOS))
    assert found["R@1"] == pytest.approx((1 / 3 + 0) / 2)
    assert found["Success@1"] == 0.5, "their R@1: any of the captions"
    assert found["Success@2"] == 1


def test_a_group_scores_as_its_best_member_and_ranks_are_among_groups(tmp_path: Path) -> None:
    path = suite(tmp_path, CAPTIONS, OF_VIDEOS, more=", document_groups: groups.tsv")
    (tmp_path / "groups.tsv").write_text(GROUPS)
    (found,) = measured(path)
    # v0: 9 before 8; v1: 7 of the other video before 6.
    assert (found["R@1"], found["Success@1"], found["MnR"], found["RR"]) == (0.5, 0.5, 1.5, 0.75)
    assert found["R@2"] == 1
    folder, record = record_of(path)
    counts = record["provenance"]["collection"]["counts"]
    assert (counts["document_groups"], counts["documents_of_no_group"]) == (2, 0)
    assert "document_groups" in record["provenance"]["collection"]["digests"]
    assert (folder / "first_ranks.csv").read_text() == "query_id,rank\nv0,1\nv1,2\n"


def test_groups_are_made_after_postprocessing(tmp_path: Path) -> None:
    """A hub among captions is held down before the best of each video is taken."""
    scores = np.array([[3.0, 5.0, 1.0, 1.0], [1.0, 5.0, 4.0, 1.0], [1.0, 5.0, 1.0, 4.0]], dtype=np.float32)
    path = suite(
        tmp_path, scores, {"v0": {"c00": 1}, "v1": {"c02": 1}, "v2": {"c03": 1}},
        more=", document_groups: groups.tsv", posts="[none, {name: inverted_softmax, tau: 0.1, scale: none}]",
    )  # fmt: skip
    (tmp_path / "groups.tsv").write_text("c00\ta\nc01\thub\nc02\tb\nc03\tc\n")
    raw, corrected = measured(path)
    assert (raw["Success@1"], corrected["Success@1"]) == (0, 1)


def test_groups_change_the_key_of_a_cell_and_their_name(tmp_path: Path) -> None:
    (tmp_path / "groups.tsv").write_text(GROUPS)
    plain = sparsebench.plan(suite(tmp_path, CAPTIONS, OF_VIDEOS), store=tmp_path / "store")
    grouped = sparsebench.plan(
        suite(tmp_path, CAPTIONS, OF_VIDEOS, more=", document_groups: groups.tsv"), store=tmp_path / "store"
    )
    (tmp_path / "groups.tsv").write_text(GROUPS.replace("c02\tv0", "c02\tv1"))
    other = sparsebench.plan(tmp_path / "s.yaml", store=tmp_path / "store")
    assert len({plan.cells[0].key for plan in (plain, grouped, other)}) == 3


@pytest.mark.parametrize(
    ("content", "why"),
    [
        ("c00\tv0\nc00\tv1\n", "groups.tsv:2: document 'c00' is already in group 'v0'"),
        ("c00 v0\n", "groups.tsv:1: a line is doc_id<TAB>group, this one has 1 columns"),
        ("", "there are no groups"),
        (None, "document_groups: there is no file"),
    ],
)
def test_a_file_of_groups_that_is_none_is_refused_with_its_place(tmp_path: Path, content: str | None, why: str) -> None:
    if content is not None:
        (tmp_path / "groups.tsv").write_text(content)
    with pytest.raises(SparsebenchError) as caught:
        measured(suite(tmp_path, CAPTIONS, OF_VIDEOS, more=", document_groups: groups.tsv"))
    assert why in str(caught.value)


def test_groups_of_the_source_where_it_has_none_and_dropping_own_ids_are_refused(tmp_path: Path) -> None:
    with pytest.raises(SparsebenchError, match="this collection knows no groups of documents"):
        measured(suite(tmp_path, CAPTIONS, OF_VIDEOS, more=", document_groups: source"))
    (tmp_path / "groups.tsv").write_text(GROUPS)
    with pytest.raises(SparsebenchError, match="drop_own_id is about documents"):
        measured(suite(tmp_path, CAPTIONS, OF_VIDEOS, more=", document_groups: groups.tsv, drop_own_id: true"))


def test_a_document_of_no_group_is_one_of_its_own_and_strangers_are_counted() -> None:
    groups, doc_ids = Groups({"a": "x", "b": "x", "z": "y"}), np.array([b"a", b"b", b"c"])
    assert groups.ids(doc_ids).tolist() == [b"x", b"x", b"c"]
    assert groups.counts(doc_ids) == {
        "document_groups": 2,
        "documents_of_no_group": 1,
        "group_members_not_among_documents": 1,
    }
    assert groups.judged({"q": {"a": 0, "b": 2, "c": 1}}) == {"q": {"x": 2, "c": 1}}


def test_mean_and_median_ranks_do_not_depend_on_depth(tmp_path: Path) -> None:
    scores = np.random.default_rng(0).random((30, 90)).astype(np.float32)
    qrels = {f"v{row}": {f"c{row:02}": 1, f"c{row + 30:02}": 1} for row in range(30)}
    found = [
        measured(suite(tmp_path / str(depth), scores, qrels, depth=depth, posts="[none, {name: dsl, tau: 0.1}]"))
        for depth in (2, 7, 90)
    ]
    for one, other in pairwise(found):
        for before, after in zip(one, other, strict=True):
            assert {name: before[name] for name in ("MnR", "MdR", "RR")} == {
                name: after[name] for name in ("MnR", "MdR", "RR")
            }
    right = np.arange(30)
    exact = np.minimum(*(1 + (scores > scores[right, right + at][:, None]).sum(axis=1) for at in (0, 30)))
    assert found[0][0]["MnR"] == pytest.approx(exact.mean())
    assert found[0][0]["MdR"] == np.median(exact)


def test_ranks_that_were_damaged_are_counted_again(tmp_path: Path) -> None:
    path = suite(tmp_path, CAPTIONS, OF_VIDEOS)
    (before,) = measured(path)
    folder, _ = record_of(path)
    whole = (folder / "first_ranks.csv").read_bytes()
    (folder / "first_ranks.csv").write_bytes(whole.replace(b"v1,2", b"v1,1"))
    assert not sparsebench.plan(path, runs=tmp_path / "runs", store=tmp_path / "store").cells[0].cached
    assert measured(path) == [before]
    assert (folder / "first_ranks.csv").read_bytes() == whole


def test_a_cell_that_was_ranked_without_them_is_ranked_again_when_a_measure_needs_them(tmp_path: Path) -> None:
    path = suite(tmp_path, CAPTIONS, OF_VIDEOS)
    text = path.read_text()
    path.write_text(text.replace(MEASURES, "[R@1]"))
    measured(path)
    folder, _ = record_of(path)
    assert not (folder / "first_ranks.csv").exists()
    path.write_text(text)
    (found,) = measured(path)
    assert found["MnR"] == 1.5


def test_a_relevant_document_that_is_no_candidate_has_the_last_rank(tmp_path: Path) -> None:
    docs = ["wing flow", "gas speed", "jet wing", "cat dog"]
    (tmp_path / "corpus.jsonl").write_text(
        "".join(json.dumps({"_id": f"d{place}", "text": text}) + "\n" for place, text in enumerate(docs))
    )
    (tmp_path / "queries.jsonl").write_text('{"_id": "q0", "text": "wing"}\n{"_id": "q1", "text": "cat"}\n')
    (tmp_path / "qrels").mkdir()
    (tmp_path / "qrels/test.tsv").write_text("query-id\tcorpus-id\tscore\nq0\td1\t1\nq1\td3\t1\n")
    path = tmp_path / "s.yaml"
    path.write_text(
        f"name: case\nmeasures: [MnR]\ndepth: 10\ncollections: [{{beir: {tmp_path}}}]\nmodels: [bm25]\n"
        "postprocessors: [none]\n"
    )
    assert measured(path) == [{"MnR": (4 + 1) / 2}]


def test_of_a_run_file_the_rank_is_at_most_depth_and_the_table_says_so(tmp_path: Path) -> None:
    path = suite(tmp_path, CAPTIONS, OF_VIDEOS, model="run_file, path: run.txt")
    (tmp_path / "run.txt").write_text("v0 Q0 c03 1 3 x\nv0 Q0 c04 2 2 x\nv0 Q0 c00 3 1 x\nv1 Q0 c03 1 1 x\n")
    (found,) = measured(path)
    assert (found["MnR"], found["RR"]) == ((3 + 1) / 2, 0.5)
    folder, _ = record_of(path)
    assert not (folder / "first_ranks.csv").exists()
    page = (tmp_path / "runs/case/leaderboard.md").read_text()
    assert "MdR, MnR and RR of run_file are of ranks to 2 alone" in page


@settings(max_examples=60, deadline=None)
@given(data=st.data(), block=st.integers(1, 9), floor=st.sampled_from([-np.inf, 1.0]))
def test_first_ranks_are_those_of_sorting_everything(data: st.DataObject, block: int, floor: float) -> None:
    queries, documents = data.draw(st.integers(1, 5)), data.draw(st.integers(1, 9))
    drawn = data.draw(st.lists(st.integers(0, 3), min_size=queries * documents, max_size=queries * documents))
    scores = np.array(drawn, dtype=np.float32).reshape(queries, documents)
    names = data.draw(st.permutations([f"d{place}" for place in range(documents)]))
    topics = Topics(
        tuple(Query(f"d{row}", "") for row in range(queries)),
        {f"d{row}": {name: data.draw(st.integers(0, 1)) for name in names} for row in range(queries)},
    )
    drop = data.draw(st.booleans())
    answers = Answers(np.array([name.encode() for name in names]))
    blocks = [(each, each.scores > floor) for each in MatrixScores(scores, block=block)]
    relevant = Relevant.of(topics, answers, drop_own_id=drop)
    found = first_ranks(lambda: blocks, relevant.some(0, queries), answers.order)
    for row, query in enumerate(topics.queries):
        listed = sorted(
            (place for place in range(documents) if scores[row, place] > floor),
            key=lambda place, row=row: (scores[row, place], names[place]),
            reverse=True,
        )
        kept = [names[place] for place in listed if not (drop and names[place] == query.query_id)]
        ranks = [rank for rank, name in enumerate(kept, start=1) if topics.qrels[query.query_id][name] > 0]
        assert found[row] == (ranks[0] if ranks else documents)


def test_first_ranks_are_read_as_they_were_written() -> None:
    assert read_first_ranks(first_ranks_csv({"q,1": 3, "a": 100_000})) == {"a": 100_000, "q,1": 3}


def test_negative_test_scores_that_dsl_turns_round_are_said_in_the_table_and_warned_of(
    tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    path = suite(tmp_path, CAPTIONS - 5, OF_VIDEOS, posts="[{name: dsl, tau: 1.0, scale: none}]")
    measured(path)
    told = capfd.readouterr().err
    assert "dsl: 58.3% of the test scores are below 0" in told
    assert "`shift: min` gives them one" in told
    _, record = record_of(path)
    assert record["provenance"]["postprocessing"]["negative_test_scores"] == 7
    page = (tmp_path / "runs/case/leaderboard.md").read_text()
    assert "score_matrix + dsl: 58.3% of the test scores are below 0" in page


@pytest.mark.parametrize("drop", ["true", "false"])
def test_queries_that_are_documents_and_rank_themselves_first_are_counted(tmp_path: Path, drop: str) -> None:
    docs = ["wing flow heat", "plate speed gas", "jet wing wings", "gas of plate"]
    (tmp_path / "corpus.jsonl").write_text(
        "".join(json.dumps({"_id": f"d{place}", "text": text}) + "\n" for place, text in enumerate(docs))
    )
    (tmp_path / "queries.jsonl").write_text(
        "".join(json.dumps({"_id": f"d{place}", "text": docs[place]}) + "\n" for place in (0, 1))
    )
    (tmp_path / "qrels").mkdir()
    (tmp_path / "qrels/test.tsv").write_text("query-id\tcorpus-id\tscore\nd0\td2\t1\nd1\td3\t1\n")
    path = tmp_path / "s.yaml"
    path.write_text(
        f"name: case\nmeasures: [RR@10]\ndepth: 10\ncollections: [{{beir: {tmp_path}, drop_own_id: {drop}}}]\n"
        "models: [bm25]\npostprocessors: [none]\n"
    )
    (found,) = measured(path)
    assert found["RR@10"] == (1 if drop == "true" else 0.5)
    page = (tmp_path / "runs/case/leaderboard.md").read_text()
    assert ("2 queries that rank their own id first" in page) == (drop == "false")
