"""A bank with documents of its own: what learns from them, and tuning there."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

import toys
from sparsebench import FitContext, Query, ScoreBlocks, ScoredIds, Scorer
from sparsebench.collection.topics import select
from sparsebench.errors import ModelError
from sparsebench.evaluate.forms import Scores
from sparsebench.evaluate.forms.scorer import OnBank
from sparsebench.evaluate.galleries import unanswered
from sparsebench.evaluate.group import Evaluation
from sparsebench.evaluate.stage import BankFold
from sparsebench.planning import Plan
from sparsebench.progress import Silent
from sparsebench.provenance import Stopwatch
from sparsebench.records import Record
from sparsebench.runner import Runner
from sparsebench.search import MatrixScores
from sparsebench.search.postprocess import apply_to
from sparsebench.store import Store
from sparsebench_plugins.postprocessors.inverted_softmax import InvertedSoftmaxSingleQuery

# Ids are those of the fruit collection by chance: nothing may mix them up.
DOCUMENTS = {"d1": "plum fruit fruit", "d2": "pear", "d3": "apple stone"}
QUERIES = {"q1": "fruit pear", "q2": "plum fruit", "q3": "stone plum", "q4": "apple"}
ANSWERS = [("q1", "d2", 1), ("q2", "d1", 1), ("q3", "d3", 1)]


@pytest.fixture
def suite(tmp_path: Path) -> Path:
    """The fruit collection with an orchard as its bank: three judged queries, three documents."""
    fruit, orchard = toys.write_collection(tmp_path / "fruit"), tmp_path / "orchard"
    (orchard / "qrels").mkdir(parents=True)
    for name, texts in (("corpus", DOCUMENTS), ("queries", QUERIES)):
        lines = (json.dumps({"_id": key, "text": text}) + "\n" for key, text in texts.items())
        (orchard / f"{name}.jsonl").write_text("".join(lines))
    lines = ("\t".join(map(str, row)) + "\n" for row in [("query-id", "corpus-id", "score"), *ANSWERS])
    (orchard / "qrels/val.tsv").write_text("".join(lines))
    path = toys.write_suite(tmp_path / "toy.yaml", fruit)
    bank = f"bank: {{beir: {orchard}, split: val, gallery: true}}, dev: {{split: bank}}"
    path.write_text(path.read_text().replace("bank: {split: train}, dev: {split: train}", bank))
    return path


def with_postprocessors(suite: Path, *entries: str) -> Path:
    lines = "".join(f"  - {entry}\n" for entry in entries)
    suite.write_text(suite.read_text() + f"postprocessors:\n{lines}")
    return suite


def planned(tmp_path: Path, suite: Path) -> tuple[Plan, Store]:
    store = Store(tmp_path / "store")
    return toys.plan_suite(suite, store), store


def evaluation(tmp_path: Path, suite: Path) -> Evaluation:
    plan, store = planned(tmp_path, suite)
    return Evaluation(plan.groups[0], store, Silent(), Stopwatch())


def records(tmp_path: Path, suite: Path) -> list[Record]:
    plan, store = planned(tmp_path, suite)
    found = list(Runner(store, tmp_path / "runs", Silent()).run(plan).records)
    assert [record.error for record in found] == [None] * len(found)
    return found


def dense(scores: Scores[ScoreBlocks] | None) -> np.ndarray:
    assert scores is not None
    return np.hstack([block.scores.numpy() for block in scores.blocks])


def test_the_bank_is_scored_over_both_galleries(tmp_path: Path, suite: Path) -> None:
    here = evaluation(tmp_path, suite)
    bank = here.collection.bank
    assert bank is not None
    assert [query.query_id for query in bank.queries] == ["q1", "q2", "q3"], "those that the split judges"
    # q1 "fruit pear" asks for pear 1 and fruit 1.5, q2 "plum fruit" for plum 1 and fruit 1.5, q3 as its words and .5.
    assert dense(here.bank_scores(bank.queries)).tolist() == [[1.5, 2.5, 0, 0], [1.5, 1.5, 1, 0], [0.5, 0.5, 2, 2]]
    assert dense(here.bank_gallery_scores(bank.queries)).tolist() == [[3, 1, 0], [4, 0, 0], [2, 0, 1]]


def test_tuning_on_the_bank_ranks_its_queries_over_its_own_documents(tmp_path: Path, suite: Path) -> None:
    here = evaluation(tmp_path, suite)
    there = here.tuning
    assert there.doc_ids.tolist() == [b"d1", b"d2", b"d3"]
    dev, bank = there.collection.dev, there.collection.bank
    assert dev is not None
    assert bank is not None
    assert set(dev.qrels) == {"q1", "q2", "q3"}
    np.testing.assert_array_equal(dense(there.scores(dev)), dense(here.bank_gallery_scores(bank.queries)))
    assert there.collection.bank_is_same_collection, "bank and development queries are the same ones"
    assert not here.collection.bank_is_same_collection


def test_in_a_fold_the_answers_to_other_queries_are_the_banks_own_documents(tmp_path: Path, suite: Path) -> None:
    there = evaluation(tmp_path, suite).tuning
    dev = there.collection.dev
    assert dev is not None
    fold = BankFold.of(there, select(dev, {"q2"}), dev)
    rest = select(dev, {"q1", "q3"})
    # d1 answers q2; d2 and d3 answer q1 and q3.
    assert fold.doc_ids.tolist() == [b"d1"]
    assert fold.answers.order.tolist() == [0]
    assert dense(fold.scores(select(dev, {"q2"}))).tolist() == [[4]]
    assert dense(fold.bank_scores(rest.queries)).tolist() == [[3], [2]]
    assert dense(fold.bank_gallery_scores(rest.queries)).tolist() == [[1, 0], [0, 1]]


def test_a_document_that_answers_no_query_or_one_of_the_fold_stays() -> None:
    doc_ids = np.array([b"a", b"b", b"c", b"d"])
    kept = unanswered(doc_ids, {"q1": {"a": 1, "b": 1}}, {"q2": {"b": 1, "c": 1, "d": 0}})
    assert kept.tolist() == [True, True, False, True]


def test_beside_answers_to_the_bank_a_method_would_seem_to_gain_much_more_than_it_does(shared_dir: Path) -> None:
    """Real captions: 200 of 1,000 queries are the fold, the others the bank; query n is answered by document n."""
    scores = np.load(shared_dir / "data/multi30k/sim_minilm_test2016_cap1_cap4.npy")
    fold, bank = np.split(np.arange(1000), [200])
    dev = {f"q{n}": {f"d{n}": 1} for n in range(1000)}
    doc_ids = np.array([f"d{n}".encode() for n in range(1000)])
    kept = unanswered(doc_ids, {f"q{n}": dev[f"q{n}"] for n in fold}, {f"q{n}": dev[f"q{n}"] for n in bank})

    def gain(gallery: np.ndarray) -> float:
        """In share of queries with their answer on top."""
        test, fitting = (MatrixScores(scores[np.ix_(rows, gallery)]) for rows in (fold, bank))
        method = InvertedSoftmaxSingleQuery(tau=0.05)
        found = apply_to(method, method.fit(fitting, FitContext()), test, candidates="all")
        corrected = np.hstack([block.scores.numpy() for block, _ in found])
        raw, after = ((gallery[each.argmax(axis=1)] == fold).mean() for each in (dense(Scores(test)), corrected))
        return float(after - raw)

    assert gain(np.arange(1000)) == pytest.approx(0.095)
    assert gain(np.flatnonzero(kept)) == pytest.approx(0.015)


def test_ids_of_bank_and_test_that_are_equal_by_chance_are_no_overlap(tmp_path: Path, suite: Path) -> None:
    with_postprocessors(suite, "{name: nnn}")
    (record,) = records(tmp_path, suite)
    facts = record.provenance.postprocessing
    assert (facts["fitting_queries"], facts["bank_overlaps_dropped"]) == (3, 0)


def test_every_method_is_tuned_on_the_bank(tmp_path: Path, suite: Path) -> None:
    tune = "scale: none, tune: {tau: [0.1, 1.0], on: dev, measure: nDCG@10}"
    names = ("sinkhorn", "sinkhorn_single_query", "dsl", "dbsn", "qb_norm")
    for record in records(tmp_path, with_postprocessors(suite, *(f"{{name: {name}, {tune}}}" for name in names))):
        assert record.tuning is not None
        assert record.tuning.queries == 3
        assert len(record.tuning.tried) == 2


def test_dbsn_learns_from_the_bank_gallery_and_its_key_says_so(tmp_path: Path, suite: Path) -> None:
    with_postprocessors(suite, "{name: dbsn, tau: 0.5}", "{name: sinkhorn_single_query, tau: 0.5}")
    dbsn, single = (cell.key for _, cell in planned(tmp_path, suite)[0].cells)
    records(tmp_path, suite)
    corpus = tmp_path / "orchard/corpus.jsonl"
    corpus.write_text(corpus.read_text().replace("apple stone", "apple"))
    after = [cell.key for _, cell in planned(tmp_path, suite)[0].cells]
    assert after[0] != dbsn
    assert after[1] == single


def test_dbsn_without_a_bank_gallery_fails_with_what_to_add(tmp_path: Path, suite: Path) -> None:
    with_postprocessors(suite, "{name: dbsn, tau: 0.5}")
    suite.write_text(suite.read_text().replace(", gallery: true", "").replace(", dev: {split: bank}", ""))
    plan, store = planned(tmp_path, suite)
    (record,) = Runner(store, tmp_path / "runs", Silent()).run(plan).records
    assert record.status == "failed"
    assert "gallery: true" in str(record.error)


class Given(Scorer):
    """Says which of its scores were asked for."""

    def identity(self) -> dict[str, str]:
        return {"given": "yes"}

    def score(self, queries: object, doc_ids: np.ndarray) -> ScoredIds:
        return ScoredIds(np.zeros((1, 1)), {"asked": "test"})


class WithBank(Given):
    def score_bank(
        self, queries: object, doc_ids: np.ndarray, *, same_collection: bool, own_gallery: bool = False
    ) -> ScoredIds:
        return ScoredIds(np.zeros((1, 1)), {"asked": "bank gallery" if own_gallery else "bank"})


def test_a_scorer_is_asked_for_bank_queries_by_id_only_where_ids_mean_the_same() -> None:
    queries, doc_ids = [Query("q1", "")], np.array([b"d1"])
    assert Given().score_bank(queries, doc_ids, same_collection=True).notes == {"asked": "test"}
    with pytest.raises(ModelError, match="Given has no scores for a bank that is not a part of the collection"):
        Given().score_bank(queries, doc_ids, same_collection=False)
    with pytest.raises(ModelError, match="Given has no scores for the bank's own documents"):
        Given().score_bank(queries, doc_ids, same_collection=True, own_gallery=True)


def test_on_the_bank_a_scorer_is_asked_for_the_bank_gallery_alone() -> None:
    queries, doc_ids = [Query("q1", "")], np.array([b"d1"])
    there = OnBank(WithBank(), same_collection=False)
    assert there.identity() == {"given": "yes"}
    assert there.score(queries, doc_ids).notes == {"asked": "bank gallery"}
    assert there.score_bank(queries, doc_ids, same_collection=True).notes == {"asked": "bank gallery"}
