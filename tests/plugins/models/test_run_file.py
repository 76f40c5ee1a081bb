"""A TREC run as a system."""

from __future__ import annotations

import gzip
from pathlib import Path

import numpy as np
import pytest
import torch

from sparsebench import Query
from sparsebench.errors import ModelError
from sparsebench.measures import aggregate, measure
from sparsebench.rank import TopK, tie_order, to_run
from sparsebench.registry.parameters import path_parameters
from sparsebench.search import MatrixScores
from sparsebench_plugins.models.run_file import RunFile

RUN = """q1 Q0 d2 1 9.5 tag
q1 Q0 gone 2 9.25 tag
q1 Q0 d0 3 0 tag
q3 Q0 d1 1 -1.5 tag
other Q0 elsewhere 1 3 tag
q3 Q0 gone 2 -2 tag
"""
QUERIES = [Query("q1", "one"), Query("q2", "two"), Query("q3", "three")]
DOC_IDS = np.array([b"d0", b"d1", b"d2", b"d\xc3\xa9"])
WITH_OUTSIDE = np.array([*DOC_IDS.tolist(), b"elsewhere", b"gone"])


def written(folder: Path, text: str = RUN) -> RunFile:
    (folder / "run.trec").write_text(text, encoding="utf-8")
    return RunFile(path=folder / "run.trec")


def test_scores_are_those_of_the_file_and_the_rest_is_unseen(tmp_path: Path) -> None:
    scored = written(tmp_path).score(QUERIES, WITH_OUTSIDE)
    [block] = MatrixScores(scored.scores)
    no = -torch.inf
    expected = [[0, no, 9.5, no, no, 9.25], [no] * 6, [no, -1.5, no, no, no, -2]]
    assert block.scores.tolist() == expected
    assert not RunFile.dense


def test_documents_outside_the_collection_are_named_so_that_they_keep_their_ranks(tmp_path: Path) -> None:
    assert written(tmp_path).outside(DOC_IDS).tolist() == [b"elsewhere", b"gone"]
    assert written(tmp_path).outside(WITH_OUTSIDE).tolist() == []


def test_queries_that_the_run_lacks_are_counted(tmp_path: Path) -> None:
    assert written(tmp_path).score(QUERIES, WITH_OUTSIDE).notes == {"queries_not_in_run": 1}


def test_ids_are_utf_8(tmp_path: Path) -> None:
    scored = written(tmp_path, "ü Q0 dé 1 2.0 tag\n").score([Query("ü", "")], DOC_IDS)
    assert scored.scores.toarray().tolist() == [[0, 0, 0, 2]]


def test_a_gzipped_run_is_the_same_system(tmp_path: Path) -> None:
    packed = tmp_path / "run.trec.gz"
    packed.write_bytes(gzip.compress(RUN.encode()))
    plain, zipped = written(tmp_path).score(QUERIES, WITH_OUTSIDE), RunFile(path=packed).score(QUERIES, WITH_OUTSIDE)
    assert plain.scores.toarray().tolist() == zipped.scores.toarray().tolist()


def test_every_bad_line_is_named(tmp_path: Path) -> None:
    bad = RUN + "q1 Q0 d1 4 tag\nq1 Q0 d1 4 high tag\nq1 Q0 d1 4 nan tag\nq1 Q0 d2 5 0.5 tag\n"
    with pytest.raises(ModelError) as error:
        written(tmp_path, bad).score(QUERIES, WITH_OUTSIDE)
    lines = str(error.value).splitlines()
    assert [line.partition(": ")[0] for line in lines] == [f"{tmp_path / 'run.trec'}:{at}" for at in (7, 8, 9, 10)]
    assert "6 columns" in lines[0]
    assert "'high' is not a number" in lines[1]
    assert "'nan' is not a number" in lines[2]
    assert "document 'd2' of query 'q1' is already in the run" in lines[3]


def test_an_empty_run_sees_nothing(tmp_path: Path) -> None:
    scored = written(tmp_path, "").score(QUERIES, WITH_OUTSIDE)
    assert scored.scores.nnz == 0
    assert scored.notes["queries_not_in_run"] == 3


def test_the_identity_is_the_content(tmp_path: Path) -> None:
    first = written(tmp_path).identity()
    (tmp_path / "copy").mkdir()
    assert written(tmp_path / "copy").identity() == first
    assert written(tmp_path / "copy", RUN.replace("9.5", "9.75")).identity() != first


def test_a_file_that_is_not_there_is_missing(tmp_path: Path) -> None:
    absent = RunFile(path=tmp_path / "absent.trec")
    assert absent.missing() == (f"{tmp_path / 'absent.trec'}: there is no such run file; set `path:`",)
    with pytest.raises(ModelError, match=r"absent\.trec"):
        absent.identity()
    assert path_parameters(RunFile) == {"path"}


@pytest.mark.parametrize(
    ("system", "track", "published"),
    [
        ("BM25", "dl19", 0.5058),
        ("BM25", "dl20", 0.4796),
        ("SPLADE_P_P_ENSEMBLE_DISTIL", "dl19", 0.7308),
        ("SPLADE_P_P_ENSEMBLE_DISTIL", "dl20", 0.7197),
    ],
)
def test_published_runs_give_their_published_figures(
    system: str, track: str, published: float, shared_dir: Path
) -> None:
    folder = shared_dir / "data" / "msmarco_dl"
    qrels: dict[str, dict[str, int]] = {}
    for line in (folder / "original" / f"qrels.{track}-passage.txt").read_text().splitlines():
        query_id, _, doc_id, grade = line.split()
        qrels.setdefault(query_id, {})[doc_id] = int(grade)
    path = folder / "runs" / f"{system}.{track}.top100.txt"
    doc_ids = np.array(sorted({line.split()[2].encode() for line in path.read_text().splitlines()}))
    scored = RunFile(path=path).score([Query(query_id, "") for query_id in qrels], doc_ids)
    top = TopK(len(qrels), 100, tie_order(doc_ids))
    for block in MatrixScores(scored.scores):
        top.add(block.columns, block.scores)
    run = to_run(top.ranking(), list(qrels), doc_ids)
    assert aggregate(measure(run, qrels, ["nDCG@10"]))["nDCG@10"] == pytest.approx(published, abs=5e-5)
