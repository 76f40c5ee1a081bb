"""rank.py: order, ties, the cut at k, runs and their files."""

from __future__ import annotations

import gzip
import math
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest
import pytrec_eval
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from sparsebench.errors import ScoreError
from sparsebench.rank import TopK, best_of_rows, read_trec, tie_order, to_run, untied, write_trec
from sparsebench.types import Ranking

INF = math.inf


def ids(*names: str) -> np.ndarray:
    return np.array([name.encode() for name in names])


def top(scores: torch.Tensor, k: int, doc_ids: np.ndarray, cuts: tuple[int, ...] = (), **more: torch.Tensor) -> Ranking:
    """Rank by blocks that end at `cuts` and at the last document."""
    accumulator = TopK(scores.shape[0], k, tie_order(doc_ids))
    edges = [0, *cuts, scores.shape[1]]
    for start, stop in pairwise(edges):
        columns = slice(start, stop)
        accumulator.add(columns, scores[:, columns], *(mask[:, columns] for mask in more.values()))
    return accumulator.ranking()


def test_a_tie_is_broken_by_doc_id_descending() -> None:
    ranking = top(torch.tensor([[1.0, 2.0, 1.0, 1.0]]), 3, ids("a", "b", "c", "aa"))
    assert ranking.documents.tolist() == [[1, 2, 3]]
    assert ranking.scores.tolist() == [[2.0, 1.0, 1.0]]


def test_ids_compare_as_utf8_bytes_and_a_prefix_comes_first() -> None:
    doc_ids = ids("D10", "D9", "d1", "é", "D1", "日本")
    order = tie_order(doc_ids)
    assert order.tolist() == [4, 3, 2, 1, 5, 0]
    assert [doc_ids[i].decode() for i in np.argsort(order)] == ["日本", "é", "d1", "D9", "D10", "D1"]


def test_the_order_of_ties_is_that_of_trec_eval() -> None:
    doc_ids = ["D10", "D9", "d1", "é", "D1", "日本", "doc-2", "doc_2"]
    run = top(torch.zeros(1, len(doc_ids)), len(doc_ids), ids(*doc_ids)).documents[0]
    for place, document in enumerate(run, start=1):
        relevant = {"q": {doc_ids[document]: 1}}
        evaluator = pytrec_eval.RelevanceEvaluator(relevant, {"recip_rank"})
        found = evaluator.evaluate({"q": dict.fromkeys(doc_ids, 1.0)})["q"]["recip_rank"]
        assert found == pytest.approx(1 / place)


def test_a_query_with_fewer_candidates_than_k_is_padded() -> None:
    ranking = top(torch.tensor([[-INF, 0.5], [-INF, -INF]]), 3, ids("a", "b"))
    assert ranking.documents.tolist() == [[1, -1, -1], [-1, -1, -1]]
    assert ranking.scores.tolist() == [[0.5, -INF, -INF], [-INF, -INF, -INF]]


def test_only_candidates_are_ranked_whatever_their_score() -> None:
    ranking = top(torch.tensor([[9.0, 1.0, -2.0]]), 3, ids("a", "b", "c"), mask=torch.tensor([[False, True, True]]))
    assert ranking.documents.tolist() == [[1, 2, -1]]


def test_negative_and_infinite_scores_are_scores() -> None:
    ranking = top(torch.tensor([[-1.0, INF, -0.0, 0.0]]), 4, ids("a", "b", "c", "d"))
    assert ranking.documents.tolist() == [[1, 3, 2, 0]]


def test_a_tie_at_the_cut_keeps_the_right_documents_across_blocks() -> None:
    scores = torch.tensor([[1.0, 1.0, 1.0, 2.0, 1.0, 1.0]])
    ranking = top(scores, 3, ids("a", "f", "b", "c", "e", "d"), cuts=(2, 3, 5))
    assert ranking.documents.tolist() == [[3, 1, 4]]


def test_scores_that_differ_only_in_float64_keep_their_order() -> None:
    scores = torch.tensor([[1.0, 1.0 + 1e-12]], dtype=torch.float64)
    assert top(scores, 1, ids("z", "a")).documents.tolist() == [[1]]


def test_nan_is_an_error_that_names_row_and_document() -> None:
    accumulator = TopK(2, 1, tie_order(ids(*"abcdef")))
    with pytest.raises(ScoreError, match="query row 1 and document 4"):
        accumulator.add(slice(3, 5), torch.tensor([[0.0, 0.0], [0.0, math.nan]]))


@st.composite
def matrices(draw: st.DrawFn) -> tuple[torch.Tensor, torch.Tensor, int, tuple[int, ...], np.ndarray]:
    """Scores with many ties, candidates, k, where to cut, and ids in no order."""
    queries, documents = draw(st.integers(1, 3)), draw(st.integers(1, 14))
    values = st.sampled_from([-INF, -1.5, -0.0, 0.0, 1.0, 2.0])
    row = st.lists(values, min_size=documents, max_size=documents)
    flags = st.lists(st.booleans(), min_size=documents, max_size=documents)
    scores = draw(st.lists(row, min_size=queries, max_size=queries))
    candidates = draw(st.lists(flags, min_size=queries, max_size=queries))
    cuts = tuple(sorted(draw(st.sets(st.integers(1, documents)))))
    doc_ids = ids(*(str(n) for n in draw(st.permutations(range(documents)))))
    dtype = draw(st.sampled_from([torch.float32, torch.float64]))
    return torch.tensor(scores, dtype=dtype), torch.tensor(candidates), draw(st.integers(1, 16)), cuts, doc_ids


@given(matrices())
@settings(max_examples=300, deadline=None)
def test_any_cut_into_blocks_gives_what_sorting_all_gives(
    case: tuple[torch.Tensor, torch.Tensor, int, tuple[int, ...], np.ndarray],
) -> None:
    scores, candidates, k, cuts, doc_ids = case
    ranking = top(scores, k, doc_ids, cuts, mask=candidates)
    for row, allowed, documents, found in zip(scores, candidates, ranking.documents, ranking.scores, strict=True):
        pairs = [(s, doc_ids[j], j) for j, s in enumerate(row.tolist()) if allowed[j] and s > -INF]
        best = sorted(pairs, reverse=True)[:k]
        padding = k - len(best)
        assert documents.tolist() == [j for _, _, j in best] + [-1] * padding
        assert found.tolist() == [s for s, _, _ in best] + [-INF] * padding


def test_many_small_blocks_equal_one_large_one() -> None:
    generator = torch.Generator().manual_seed(0)
    scores = (torch.rand(7, 3000, generator=generator) * 50).round()
    doc_ids = ids(*(f"d{n * 7919 % 3000}" for n in range(3000)))
    whole, parts = (top(scores, 40, doc_ids, cuts) for cuts in ((), tuple(range(37, 3000, 37))))
    assert np.array_equal(whole.documents, parts.documents)
    assert np.array_equal(whole.scores, parts.scores)


@pytest.mark.gpu
@pytest.mark.skipif(not torch.cuda.is_available(), reason="no CUDA device")
def test_a_gpu_ranks_as_the_cpu_does() -> None:
    scores = (torch.rand(5, 5000, generator=torch.Generator().manual_seed(1)) * 20).round()
    doc_ids = ids(*(f"d{n * 7919 % 5000}" for n in range(5000)))
    on_cpu, on_gpu = top(scores, 100, doc_ids, (1000, 3000)), top(scores.cuda(), 100, doc_ids, (500,))
    assert np.array_equal(on_cpu.documents, on_gpu.documents)
    assert np.array_equal(on_cpu.scores, on_gpu.scores)


def ranking_of(*rows: list[int], scores: list[float] | None = None) -> Ranking:
    documents = np.array(rows)
    return Ranking(documents=documents, scores=np.where(documents >= 0, scores or 1.0, -INF))


def test_a_run_keeps_the_scores_and_the_order_of_the_ranking() -> None:
    run = to_run(ranking_of([2, 0, 1], [1, -1, -1], scores=[2.5, 1.0, 0.5]), ["q1", "q2"], ids("a", "b", "c"))
    assert run == {"q1": {"c": 2.5, "a": 1.0, "b": 0.5}, "q2": {"b": 2.5}}
    assert list(run["q1"]) == ["c", "a", "b"]


@given(st.lists(st.floats(-1e6, 1e6) | st.sampled_from([0.0, 1.0, 1 + 1e-9, 1 + 1e-7]), min_size=1, max_size=20))
def test_no_two_scores_of_a_run_are_equal_as_float32(scores: list[float]) -> None:
    best_first = sorted(scores, reverse=True)
    places = list(range(len(scores)))
    (run,) = to_run(ranking_of(places, scores=best_first), ["q"], ids(*map(str, places))).values()
    singles = np.array(list(run.values()), dtype=np.float32)
    assert (np.diff(singles) < 0).all()
    assert list(run) == [str(place) for place in places]
    assert np.allclose(singles, best_first, rtol=1e-5, atol=1e-30)


def test_a_hit_on_the_querys_own_id_is_dropped_and_the_next_one_takes_its_place() -> None:
    ranking = ranking_of([0, 1, 2], [0, 1, 2], scores=[3.0, 2.0, 1.0])
    run = to_run(ranking, ["a", "z"], ids("a", "b", "c"), exclude_own_id=True)
    assert run == {"a": {"b": 2.0, "c": 1.0}, "z": {"a": 3.0, "b": 2.0}}


def test_untied_orders_by_score_then_doc_id_descending() -> None:
    assert list(untied({"q": {"a": 1.0, "b": 1.0, "c": 3.0}})["q"]) == ["c", "b", "a"]
    assert untied({"q": {"b": 0.1, "a": 0.1}})["q"] == {"b": 2.0, "a": 1.0}


def test_untied_leaves_a_run_as_it_is() -> None:
    run = {"q": {"a": 2.0, "b": 1.0}}
    assert untied(run) == run
    assert list(untied(run)["q"]) == ["a", "b"]


def test_scores_equal_as_float32_are_no_tie() -> None:
    assert untied({"q": {"z": 1.0, "a": 1.0 + 1e-12}})["q"] == {"a": 2.0, "z": 1.0}


@pytest.mark.parametrize("scores", [[math.nan], [1.0, math.nan]])
def test_untied_refuses_nan(scores: list[float]) -> None:
    with pytest.raises(ScoreError, match="query 'q7'"):
        untied({"q7": {str(place): score for place, score in enumerate(scores)}})


@pytest.mark.parametrize("name", ["run.trec", "run.trec.gz"])
def test_a_written_run_is_read_back_to_the_last_digit(tmp_path: Path, name: str) -> None:
    run = {"q1": {"d2": 0.1 + 0.2, "d1": 1e-17}, "q2": {"é": -1.5}}
    write_trec(tmp_path / name, run, tag="bm25")
    assert read_trec(tmp_path / name) == run
    opened = gzip.open if name.endswith("gz") else open
    with opened(tmp_path / name, "rb") as file:
        assert file.readline() == b"q1 Q0 d2 1 0.30000000000000004 bm25\n"


def test_the_same_run_gives_the_same_bytes_whenever_and_wherever_it_is_written(tmp_path: Path) -> None:
    for name in ("one.gz", "two.gz"):
        write_trec(tmp_path / name, {"q": {"d": 1.0}}, tag="t")
    written = (tmp_path / "one.gz").read_bytes()
    assert written == (tmp_path / "two.gz").read_bytes()
    assert written[4:8] == bytes(4)  # the time stamp of the gzip header


def test_every_bad_line_of_a_run_is_named_at_once(tmp_path: Path) -> None:
    path = tmp_path / "bad.trec"
    path.write_bytes(b"q Q0 d 1 2.0 t\nq Q0 d 2 1.0 t\nq d 1.0\nq Q0 e 3 nan t\nq Q0 f 4 high t\nq Q0 \xff 5 1 t\n")
    with pytest.raises(ScoreError) as caught:
        read_trec(path)
    assert str(caught.value).splitlines() == [
        f"{path}:2: document 'd' of query 'q' is already in the run",
        f"{path}:3: a run has 6 columns (query Q0 doc rank score tag), this line has 3; MS MARCO's `query doc rank` "
        "has no score: write 1 / rank",
        f"{path}:4: the score 'nan' is not a number",
        f"{path}:5: the score 'high' is not a number",
        f"{path}:6:6: byte 0xff is not UTF-8; convert the file",
    ]


def test_a_run_that_is_not_there_is_a_clear_error(tmp_path: Path) -> None:
    with pytest.raises(ScoreError, match=r"none\.trec: cannot be read"):
        read_trec(tmp_path / "none.trec")


@given(st.integers(0, 2**32 - 1), st.integers(1, 6), st.integers(0, 40), st.integers(1, 12))
def test_the_best_of_many_rows_are_those_of_the_one_ranking(seed: int, rows: int, documents: int, k: int) -> None:
    scores = np.random.default_rng(seed).integers(-1, 5, size=(rows, documents)).astype(np.float32) / 4
    doc_ids = ids(*(f"d{i}" for i in range(documents)))
    columns = np.argsort(tie_order(doc_ids))
    found = best_of_rows(scores[:, columns], k)
    tensor = torch.from_numpy(scores)
    expected = top(tensor, k, doc_ids, candidates=tensor > 0).documents
    assert np.where(found >= 0, np.append(columns, -1)[found], -1).tolist() == expected.tolist()


def test_the_best_of_rows_compare_as_float32() -> None:
    assert best_of_rows(np.array([[0.1, 0.1 + 1e-12, 0.2], [0.1, 0.1 + 1e-6, 1e-60]]), 3).tolist() == [
        [2, 0, 1],
        [1, 0, -1],
    ]


@pytest.mark.parametrize("score", ["inf", "-inf", "1e300"])
def test_a_score_that_no_float32_holds_is_refused_with_its_document(tmp_path: Path, score: str) -> None:
    (tmp_path / "run").write_text(f"q0 Q0 d1 1 3 x\nq0 Q0 d2 2 {score} x\n")
    with pytest.raises(ScoreError, match=f"run:2: the score '{score}' of document 'd2' is beyond"):
        read_trec(tmp_path / "run")


def test_a_run_as_tools_write_it_is_read_and_one_of_three_columns_is_told_what_to_do(tmp_path: Path) -> None:
    (tmp_path / "run").write_text("q0\tQ0\td2\t1\t1.5e-3\tx\n q0 Q0 d0 2 1e-5 x\n\n")
    assert read_trec(tmp_path / "run") == {"q0": {"d2": 1.5e-3, "d0": 1e-5}}
    (tmp_path / "three").write_text("q0\td2\t1\n")
    with pytest.raises(ScoreError, match=r"three:1: a run has 6 columns.*this line has 3; MS MARCO's"):
        read_trec(tmp_path / "three")
