"""What collections hold that a figure could hide: it is counted, said, or refused before anything is encoded."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping, Sequence
from pathlib import Path

import pytest

import sparsebench_plugins.models
import toys
from sparsebench.errors import SuiteError
from sparsebench.evaluate import recorder
from sparsebench.leaderboard import Board
from sparsebench.measures import measure_each
from sparsebench.progress import Silent
from sparsebench.records import SuiteFolder
from sparsebench.runner import Runner
from sparsebench.store import Store
from sparsebench.types import PerQuery

TEXTS = ("wing flow heat", "plate speed gas", "jet wing wings", "cat dog tree", "river flow of gas", "the dog a cat")
ASKED = {"q0": "wing", "q1": "gas speed", "q2": "cat"}
JUDGED = {"q0": {"d2": 1}, "q1": {"d1": 2, "d4": 1}, "q2": {"d5": 1}}
EVERY_POSTPROCESSOR = """
- none
- csls
- nnn
- csls_single_query
- {name: dsl, tau: 0.1}
- {name: sinkhorn, tau: 0.1}
- {name: inverted_softmax, tau: 0.1}
- {name: dsl_single_query, tau: 0.1}
- {name: sinkhorn_single_query, tau: 0.1}
- {name: inverted_softmax_single_query, tau: 0.1}
- {name: qb_norm, tau: 0.1}
"""


def write(
    folder: Path,
    *,
    texts: Mapping[str, str] | Sequence[str] = TEXTS,
    asked: Mapping[str, str] = ASKED,
    judged: Mapping[str, Mapping[str, int]] = JUDGED,
    split: str = "test",
) -> None:
    """A folder in BEIR's layout."""
    documents = texts if isinstance(texts, Mapping) else {f"d{place}": text for place, text in enumerate(texts)}
    (folder / "qrels").mkdir(exist_ok=True)
    for name, entries in (("corpus", documents), ("queries", asked)):
        lines = (json.dumps({"_id": key, "text": text}) + "\n" for key, text in entries.items())
        (folder / f"{name}.jsonl").write_text("".join(lines))
    rows = [f"{query}\t{doc}\t{grade}\n" for query, grades in judged.items() for doc, grade in grades.items()]
    (folder / "qrels" / f"{split}.tsv").write_text("query-id\tcorpus-id\tscore\n" + "".join(rows))


def run(folder: Path, *, measures: str, models: str = "[bm25]", posts: str = " [none]", bank: str = "") -> Board:
    path, store = folder / "case.yaml", Store(folder / "store")
    path.write_text(
        f"name: case\nmeasures: {measures}\ndepth: 10\ncollections: [{{name: odd, beir: {folder}{bank}}}]\n"
        f"models: {models}\npostprocessors:{posts}\n"
    )
    plan = toys.plan_suite(path, store, toys.registry(sparsebench_plugins.models))
    return Runner(store, folder / "runs", Silent()).run(plan)


def page(folder: Path) -> str:
    return (folder / "runs/case/leaderboard.md").read_text(encoding="utf-8")


# ── measures ────────────────────────────────────────────────────────────────────────────────────────────────


def test_a_measure_that_cannot_take_the_grades_is_refused_before_anything_is_ranked(tmp_path: Path) -> None:
    write(tmp_path, judged={"q0": {"d2": 7}})
    message = r"odd: measure 'ERR@10' fails on its grades, which go from 7 to 7 .*grades up to 4\. Give the collection"
    with pytest.raises(SuiteError, match=f"(?s){message}"):
        run(tmp_path, measures="[nDCG@10, ERR@10]")
    assert not (tmp_path / "runs").exists()


def test_grades_that_a_measure_takes_are_no_reason(tmp_path: Path) -> None:
    write(tmp_path, judged={"q0": {"d2": 4, "d0": -2}})
    (record,) = run(tmp_path, measures="[nDCG@10, ERR@10]").records
    assert set(record.measures) == {"nDCG@10", "ERR@10"}


def test_a_measure_that_fails_costs_no_other_and_is_tried_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write(tmp_path)

    def broken(*given: object, **named: object) -> tuple[PerQuery, dict[str, str]]:
        found, failed = measure_each(*given, **named)  # type: ignore[arg-type]
        return {name: values for name, values in found.items() if name != "AP@5"}, {**failed, "AP@5": "no perl"}

    with monkeypatch.context() as patch:
        patch.setattr(recorder, "measure_each", broken)
        board = run(tmp_path, measures="[nDCG@10, AP@5]")
    (record,) = board.records
    assert (record.status, set(record.measures), record.failed_measures) == ("ok", {"nDCG@10"}, {"AP@5": "no perl"})
    assert board.failures == ("bm25 on odd, none: measure AP@5: no perl",)
    (again,) = run(tmp_path, measures="[nDCG@10, AP@5]").records
    assert (set(again.measures), again.failed_measures) == ({"nDCG@10", "AP@5"}, {})


def test_which_measure_failed_is_found_out() -> None:
    found, failed = measure_each({"q": {"a": 1.0}}, {"q": {"a": 9}}, ["nDCG@10", "ERR@10", "RR"], depth=1)
    assert set(found) == {"nDCG@10", "RR"}
    assert set(failed) == {"ERR@10"}
    assert failed["ERR@10"].startswith("perl ended with code ")


# ── judgments ───────────────────────────────────────────────────────────────────────────────────────────────


def test_a_grade_below_1_gains_nothing(tmp_path: Path) -> None:
    """trec_eval's rule: -2 and -1, as the Web tracks have them, are judged and not relevant."""
    write(tmp_path, judged={"q0": {"d0": -2, "d2": 2}, "q1": {"d1": 2, "d4": -1}})
    (record,) = run(tmp_path, measures="[nDCG@10, RR@10, R@10, AP@10, Judged@10]").records
    path = SuiteFolder(tmp_path / "runs/case").per_query(record.key)
    values = {line.split(",")[0]: line.split(",")[1:] for line in path.read_text().splitlines()}
    names = values["query_id"]
    # d0 and d2 have the word once and twice among three: d2 comes first, and q1's d1 has both words.
    expected = {"nDCG@10": 1, "RR@10": 1, "R@10": 1, "AP@10": 1}
    for query_id in ("q0", "q1"):
        found = dict(zip(names, map(float, values[query_id]), strict=True))
        assert {name: found[name] for name in expected} == expected
        assert found["Judged@10"] == 1


# ── texts ───────────────────────────────────────────────────────────────────────────────────────────────────


def test_rows_and_columns_without_a_term_make_no_postprocessor_fail(tmp_path: Path) -> None:
    """Queries and documents that match nothing, tested and in the bank: they retrieve nothing, all others the same."""
    asked = {**ASKED, "e1": "", "e2": "zzz", "b1": "?", "b2": "river", "b3": ""}
    write(tmp_path, asked=asked, judged={"b1": {"d0": 1}, "b2": {"d4": 1}, "b3": {"d4": 1}}, split="train")
    texts = {**{f"d{place}": text for place, text in enumerate(TEXTS)}, "d8": "", "d9": "..."}
    write(tmp_path, texts=texts, asked=asked, judged={**JUDGED, "e1": {"d0": 1}, "e2": {"d8": 1}})
    board = run(tmp_path, measures="[R@10]", posts=EVERY_POSTPROCESSOR, bank=", bank: {split: train}")
    assert len(board.records) == 11
    for record in board.records:
        assert record.status == "ok", record.error
        assert math.isclose(record.measures["R@10"], 3 / 5), record.cell.postprocessor.label


def test_queries_without_a_term_are_counted_and_warned_of_by_row(tmp_path: Path) -> None:
    """BM25 takes runs of letters for words, and words of one letter for none; bigrams serve scripts without spaces."""
    texts = ("国際標準化に関する動向について", "機械学習と検索の評価方法", "language C", "vitamin K")
    asked = {"q0": "国際標準化", "q1": "検索の評価", "q2": "C", "q3": "K"}
    write(tmp_path, texts=texts, asked=asked, judged={f"q{place}": {f"d{place}": 1} for place in range(4)})
    with pytest.warns(UserWarning, match="bm25 on odd: 4 of 4 queries have no term of the model") as warned:
        words, bigrams = run(
            tmp_path, measures="[R@1]", models="[bm25, {name: bm25, label: bigrams, tokenizer: bigrams}]"
        ).records
    assert "tokenizer: bigrams" in str(warned[0].message)
    assert (words.measures["R@1"], bigrams.measures["R@1"]) == (0, 0.5)
    assert " bm25: 4 queries without terms. bigrams: 2 queries without terms." in page(tmp_path)


def test_a_document_of_the_querys_id_that_is_its_answer_is_no_own_hit(tmp_path: Path) -> None:
    """A caption and its video often have one name."""
    texts = {"v0": "wing flow", "v1": "plate gas", "v2": "wing plate"}
    write(tmp_path, texts=texts, asked={"v0": "wing flow"}, judged={"v0": {"v0": 1}})
    run(tmp_path, measures="[R@1]")
    assert "own id" not in page(tmp_path)
    write(tmp_path, texts=texts, asked={"v0": "wing flow"}, judged={"v0": {"v2": 1}})
    with pytest.warns(UserWarning, match="1 of 1 queries rank the document of their own id first"):
        run(tmp_path, measures="[R@1]")
    assert "1 queries that rank their own id first (`drop_own_id: true` leaves such hits out)" in page(
        tmp_path
    ).replace("\\", "")
