from __future__ import annotations

import gzip
import os
import signal
import subprocess
import sys
import textwrap
from pathlib import Path

import numpy as np
import pytest

import toys
from sparsebench.errors import CollectionError, SuiteError
from sparsebench.leaderboard import Board
from sparsebench.progress import Silent
from sparsebench.records import SuiteFolder
from sparsebench.registry import Registry
from sparsebench.runner import Runner
from sparsebench.store import Store


@pytest.fixture
def collection(tmp_path: Path) -> Path:
    return toys.write_collection(tmp_path / "fruit")


def run(tmp_path: Path, suite: Path) -> Board:
    store = Store(tmp_path / "store")
    return Runner(store, tmp_path / "runs", Silent()).run(toys.plan_suite(suite, store))


def files(folder: Path) -> dict[str, bytes]:
    return {str(path.relative_to(folder)): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def test_a_suite_becomes_a_run_measures_and_a_leaderboard(tmp_path: Path, collection: Path) -> None:
    board = run(tmp_path, toys.write_suite(tmp_path / "toy.yaml", collection))
    (record,) = board.records
    # Every query asks for one word and, by half, for `fruit`; q4 ("stone") prefers d4, which has it twice.
    assert record.measures == {"nDCG@10": 1.0, "RR@10": 1.0}
    text = gzip.decompress(SuiteFolder(tmp_path / "runs/toy").run(record.key).read_bytes()).decode()
    assert text.splitlines()[:2] == ["q1 Q0 d1 1 1.5 words+none", "q1 Q0 d2 2 0.5 words+none"]
    assert "1.0000" in (tmp_path / "runs/toy/leaderboard.md").read_text()


def test_the_record_says_where_its_numbers_come_from(tmp_path: Path, collection: Path) -> None:
    (record,) = run(tmp_path, toys.write_suite(tmp_path / "toy.yaml", collection)).records
    provenance = record.provenance
    assert provenance.collection.documents == 4
    assert provenance.collection.queries == 4
    assert set(provenance.collection.digests) == {"corpus", "test", "drop_own_id"}
    assert provenance.model.identity["query"] == {"expansion": 0.5, "broken": False, "device": "cpu"}
    assert provenance.model.truncated == {"documents": 0.0, "queries": 0.0}
    assert (provenance.device, provenance.search_device) == ("cpu", "cpu")
    assert provenance.plugins["postprocessor"].module == "sparsebench_plugins.postprocessors"
    assert provenance.software.libraries["numpy"]
    assert record.costs.hardware.fingerprint
    assert "encode documents" in record.costs.seconds


def test_running_again_computes_nothing_and_changes_no_byte(tmp_path: Path, collection: Path) -> None:
    suite = toys.write_suite(tmp_path / "toy.yaml", collection)
    run(tmp_path, suite)
    before, loads = files(tmp_path / "runs"), toys.Words.loads
    run(tmp_path, suite)
    assert toys.Words.loads == loads
    assert files(tmp_path / "runs") == before


def test_another_measure_reads_the_run_again_and_nothing_else(tmp_path: Path, collection: Path) -> None:
    suite = toys.write_suite(tmp_path / "toy.yaml", collection)
    (before,) = run(tmp_path, suite).records
    loads = toys.Words.loads
    suite.write_text(suite.read_text().replace("[nDCG@10, RR@10]", "[P@1, MnR]"))
    (after,) = run(tmp_path, suite).records
    assert after.key == before.key
    assert toys.Words.loads == loads
    assert after.measures == {"P@1": 1.0, "MnR": 1.0}


def test_a_new_postprocessor_encodes_nothing_again(tmp_path: Path, collection: Path) -> None:
    run(tmp_path, toys.write_suite(tmp_path / "toy.yaml", collection))
    loads = toys.Words.loads
    more = "models: [words]\npostprocessors: [none, {name: sinkhorn, tau: 0.5}]\n"
    board = run(tmp_path, toys.write_suite(tmp_path / "toy.yaml", collection, more))
    assert [record.status for record in board.records] == ["ok", "ok"]
    assert toys.Words.loads == loads


@pytest.mark.parametrize(
    "change",
    ["drop_own_id: true", "depth", "split", "corpus", "qrels", "parameter", "scale", "bank", "tune"],
)
def test_whatever_could_change_a_run_changes_its_key(tmp_path: Path, collection: Path, change: str) -> None:
    extra = "models: [words]\npostprocessors: [{name: sinkhorn_single_query, tau: 0.5}]\n"
    suite = toys.write_suite(tmp_path / "toy.yaml", collection, extra)
    store = Store(tmp_path / "store")
    before = toys.plan_suite(suite, store).cells[0][1].key
    assert toys.plan_suite(suite, store).cells[0][1].key == before
    text = suite.read_text()
    if change == "drop_own_id: true":
        suite.write_text(text.replace("domain: in", f"domain: in, {change}"))
    elif change == "depth":
        suite.write_text(text.replace("depth: 10", "depth: 11"))
    elif change == "split":
        other = text.replace("split: test", "split: TRAIN").replace("split: train", "split: test")
        suite.write_text(other.replace("TRAIN", "train"))
    elif change == "bank":
        queries = tmp_path / "others.tsv"
        queries.write_text("b1\tfruit\n")
        suite.write_text(text.replace("bank: {split: train}", f"bank: {{queries_tsv: {queries}}}"))
    elif change == "tune":
        suite.write_text(text.replace("tau: 0.5", "tune: {tau: [0.5]}"))
    elif change == "corpus":
        corpus = collection / "corpus.jsonl"
        corpus.write_text(corpus.read_text().replace("pear fruit", "pear"))
    elif change == "qrels":
        qrels = collection / "qrels" / "test.tsv"
        qrels.write_text(qrels.read_text().replace("q1\td1\t1", "q1\td1\t2"))
    elif change == "parameter":
        suite.write_text(text.replace("tau: 0.5", "tau: 0.4"))
    else:
        suite.write_text(text.replace("tau: 0.5", "tau: 0.5, scale: 2.0"))
    assert toys.plan_suite(suite, store).cells[0][1].key != before


def test_a_model_that_fails_fails_its_own_cells_and_no_others(tmp_path: Path, collection: Path) -> None:
    models = "models: [{name: words, label: bad, broken: true}, {name: words, label: good}]\nanalyzers: [sparsity]\n"
    board = run(tmp_path, toys.write_suite(tmp_path / "toy.yaml", collection, models))
    bad, good = board.records
    assert (bad.status, good.status) == ("failed", "ok")
    assert bad.error == "RuntimeError: the weights are bad"
    assert "load" in bad.provenance.traceback
    assert "the weights are bad" in (tmp_path / "runs/toy/leaderboard.md").read_text()


def test_a_failed_cell_is_tried_again(tmp_path: Path, collection: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    suite = toys.write_suite(tmp_path / "toy.yaml", collection, "models: [{name: words, broken: true}]\n")
    assert run(tmp_path, suite).records[0].status == "failed"
    monkeypatch.setattr(toys.Words, "load", lambda self, device: toys.LoadedWords(self.expansion))
    assert run(tmp_path, suite).records[0].status == "ok"


def test_a_bank_method_without_a_bank_fails_with_what_to_add(tmp_path: Path, collection: Path) -> None:
    extra = "models: [words]\npostprocessors: [{name: dsl_single_query, tau: 0.5}]\n"
    suite = toys.write_suite(tmp_path / "toy.yaml", collection, extra)
    suite.write_text(suite.read_text().replace(", bank: {split: train}", ""))
    (record,) = run(tmp_path, suite).records
    assert record.status == "failed"
    assert record.error is not None
    assert "bank: {split: train}" in record.error


def test_analyses_are_in_every_record_of_their_group_and_computed_once(tmp_path: Path, collection: Path) -> None:
    extra = "models: [words]\npostprocessors: [none, {name: dsl, tau: 0.5}]\nanalyzers: [sparsity]\n"
    board = run(tmp_path, toys.write_suite(tmp_path / "toy.yaml", collection, extra))
    first, second = (record.analysis["sparsity"] for record in board.records)
    assert first == second
    assert first["l0_document"] == pytest.approx(7 / 4)
    assert (tmp_path / "runs/toy/analyses" / first["artefact"] / "analysis.json").is_file()


def test_a_model_that_gives_scores_alone_is_ranked_and_what_needs_vectors_says_so(
    tmp_path: Path, collection: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    import sparsebench_plugins.analyzers
    import sparsebench_plugins.models
    import sparsebench_plugins.postprocessors

    shipped = Registry.of(sparsebench_plugins.models, sparsebench_plugins.analyzers, sparsebench_plugins.postprocessors)
    monkeypatch.setattr(toys, "registry", lambda: shipped)
    np.save(tmp_path / "scores.npy", np.eye(4)[[0, 2, 1, 3]])  # the answers of q2 and q3 are d3 and d2
    model = f"{{name: score_matrix, matrix: {tmp_path}/scores.npy}}"
    extra = f"models: [{model}]\nanalyzers: [sparsity, wackiness, removal]\n"
    (record,) = run(tmp_path, toys.write_suite(tmp_path / "toy.yaml", collection, extra)).records
    assert (record.status, record.measures["nDCG@10"]) == ("ok", 1.0)
    reasons = {label: found["not_applicable"] for label, found in record.analysis.items()}
    assert reasons == dict.fromkeys(("sparsity", "wackiness", "removal"), "the model gives scores, not vectors")


def test_tuning_reports_every_value_tried_and_uses_the_best_on_dev(tmp_path: Path, collection: Path) -> None:
    extra = (
        "models: [words]\npostprocessors:\n"
        "  - {name: sinkhorn, tune: {tau: [0.1, 1.0], on: dev, measure: nDCG@10}}\n"
        "  - {name: sinkhorn_single_query, tune: {tau: [0.1, 1.0], on: dev, measure: nDCG@10}}\n"
    )
    for record in run(tmp_path, toys.write_suite(tmp_path / "toy.yaml", collection, extra)).records:
        assert record.status == "ok", record.error
        assert record.tuning is not None
        best = max(record.tuning.tried, key=lambda trial: trial.value)
        assert record.tuning.chosen == best.parameters
        assert record.tuning.queries == 3


def test_a_run_that_was_damaged_since_is_computed_again(tmp_path: Path, collection: Path) -> None:
    suite = toys.write_suite(tmp_path / "toy.yaml", collection)
    (before,) = run(tmp_path, suite).records
    path = SuiteFolder(tmp_path / "runs/toy").run(before.key)
    path.write_bytes(path.read_bytes()[:-9])
    suite.write_text(suite.read_text().replace("[nDCG@10, RR@10]", "[P@1]"))
    (after,) = run(tmp_path, suite).records
    assert (after.status, after.measures) == ("ok", {"P@1": 1.0})


def test_empty_queries_and_documents_without_an_active_term_are_counted_and_retrieve_nothing(
    tmp_path: Path, collection: Path
) -> None:
    corpus, queries, qrels = collection / "corpus.jsonl", collection / "queries.jsonl", collection / "qrels/test.tsv"
    corpus.write_text(corpus.read_text() + '{"_id": "d5", "text": ""}\n{"_id": "d6", "text": "nothing known"}\n')
    queries.write_text(queries.read_text() + '{"_id": "q5", "text": ""}\n{"_id": "q6", "text": "plum"}\n')
    qrels.write_text(qrels.read_text() + "q5\td1\t1\nq6\td3\t0\nq1\td99\t1\n")
    extra = "models: [words]\npostprocessors: [none, {name: dsl, tau: 0.5}, {name: sinkhorn, tau: 0.5}]\n"
    board = run(tmp_path, toys.write_suite(tmp_path / "toy.yaml", collection, extra))
    for record in board.records:
        assert record.status == "ok", record.error
        counts = record.provenance.collection.counts
        assert counts["empty_documents"] == 1
        assert counts["empty_queries"] == 1
        assert counts["queries_without_relevant"] == 1
        assert counts["judgments_of_absent_documents"] == 1
        assert record.provenance.collection.queries == 5
    values = SuiteFolder(tmp_path / "runs/toy").per_query(board.records[0].key).read_text()
    assert "q5,0,0" in values.splitlines()


def test_a_kill_between_cells_keeps_what_is_done(tmp_path: Path, collection: Path) -> None:
    extra = "models: [words]\npostprocessors: [none, {name: dsl, tau: 0.5}, {name: sinkhorn, tau: 0.5}]\n"
    suite = toys.write_suite(tmp_path / "toy.yaml", collection, extra)
    script = f"""
        import os, signal, sys
        from pathlib import Path
        sys.path.insert(0, {str(Path(toys.__file__).parent)!r})
        import toys
        from sparsebench import runner
        from sparsebench.evaluate import recorder
        from sparsebench.progress import Silent
        from sparsebench.store import Store

        evaluate = recorder.evaluate
        def dying(evaluation, cell, watch):
            if cell.spec.name == "sinkhorn":
                os.kill(os.getpid(), signal.SIGKILL)
            return evaluate(evaluation, cell, watch)
        recorder.evaluate = dying
        store = Store(Path({str(tmp_path / "store")!r}))
        plan = toys.plan_suite(Path({str(suite)!r}), store)
        runner.Runner(store, Path({str(tmp_path / "runs")!r}), Silent()).run(plan)
    """
    done = subprocess.run([sys.executable, "-c", textwrap.dedent(script)], check=False, env=dict(os.environ))
    assert done.returncode == -signal.SIGKILL
    kept = {path: path.stat().st_mtime_ns for path in (tmp_path / "runs").rglob("run.trec.gz")}
    assert len(kept) == 2
    loads = toys.Words.loads
    board = run(tmp_path, suite)
    assert [record.status for record in board.records] == ["ok"] * 3
    assert toys.Words.loads == loads
    assert all(path.stat().st_mtime_ns == time for path, time in kept.items())


def test_queries_carved_out_for_tuning_can_be_the_bank_and_are_not_tested_on(tmp_path: Path, collection: Path) -> None:
    extra = "models: [words]\npostprocessors: [{name: dsl_single_query, tune: {tau: [0.5, 1.0]}}]\n"
    suite = toys.write_suite(tmp_path / "toy.yaml", collection, extra)
    whole = "bank: {split: train}, dev: {split: train}"
    assert whole in suite.read_text()
    suite.write_text(suite.read_text().replace(whole, "bank: {split: hash}, dev: {split: hash, share: 0.5, seed: 1}"))
    (record,) = run(tmp_path, suite).records
    assert record.status == "ok", record.error
    assert record.tuning is not None
    carved, tested = record.tuning.queries, record.provenance.collection.queries
    assert carved + tested == 4
    assert record.provenance.postprocessing["fitting_queries"] == carved


def test_tuning_on_the_test_queries_is_refused(tmp_path: Path, collection: Path) -> None:
    extra = "models: [words]\npostprocessors: [{name: dsl, tune: {tau: [0.5, 1.0]}}]\n"
    suite = toys.write_suite(tmp_path / "toy.yaml", collection, extra)
    suite.write_text(suite.read_text().replace("dev: {split: train}", "dev: {split: test}"))
    with pytest.raises(CollectionError, match=r"each of the 4 development queries is also a test query"):
        run(tmp_path, suite)


def test_development_queries_that_are_also_tested_are_dropped_and_counted(tmp_path: Path, collection: Path) -> None:
    queries, qrels = collection / "queries.jsonl", collection / "qrels/train.tsv"
    queries.write_text(queries.read_text() + '{"_id": "b4", "text": " Apple "}\n')
    qrels.write_text(qrels.read_text() + "b4\td1\t1\n")
    extra = "models: [words]\npostprocessors: [{name: dsl, tune: {tau: [0.5, 1.0]}}]\n"
    (record,) = run(tmp_path, toys.write_suite(tmp_path / "toy.yaml", collection, extra)).records
    assert record.provenance.collection.counts["dev_queries_also_tested"] == 1
    assert record.tuning is not None
    assert record.tuning.queries == 3


def test_two_cells_of_one_content_are_refused_by_name(tmp_path: Path, collection: Path) -> None:
    twins = "[{name: dsl, label: x, tau: 0.5}, {name: dsl, label: y, tau: 0.5}]"
    suite = toys.write_suite(tmp_path / "toy.yaml", collection, f"models: [words]\npostprocessors: {twins}\n")
    with pytest.raises(SuiteError, match="fruit/words/x and fruit/words/y are the same in all but their names"):
        run(tmp_path, suite)


def test_a_scale_on_a_method_that_fits_on_no_queries_is_refused(tmp_path: Path, collection: Path) -> None:
    extra = "models: [words]\npostprocessors: [{name: none, scale: 2.0}]\n"
    with pytest.raises(SuiteError, match="changes nothing"):
        run(tmp_path, toys.write_suite(tmp_path / "toy.yaml", collection, extra))


def test_a_sample_of_the_bank_shrinks_while_its_queries_are_tuned_on(tmp_path: Path, collection: Path) -> None:
    extra = "models: [words]\npostprocessors: [{name: dsl_single_query, bank: {size: 3}, tune: {tau: [0.5, 1.0]}}]\n"
    (record,) = run(tmp_path, toys.write_suite(tmp_path / "toy.yaml", collection, extra)).records
    assert record.status == "ok", record.error
    assert record.provenance.postprocessing["fitting_queries"] == 3


def test_a_damaged_analysis_is_computed_again(tmp_path: Path, collection: Path) -> None:
    suite = toys.write_suite(tmp_path / "toy.yaml", collection, "models: [words]\nanalyzers: [sparsity, hubness]\n")
    (before,) = run(tmp_path, suite).records
    for path in (tmp_path / "runs/toy/analyses").rglob("analysis.json"):
        path.write_bytes(b"\xff{")
    (after,) = run(tmp_path, suite).records
    assert after == before


def test_values_that_were_deleted_are_written_again(tmp_path: Path, collection: Path) -> None:
    suite = toys.write_suite(tmp_path / "toy.yaml", collection)
    (record,) = run(tmp_path, suite).records
    path = SuiteFolder(tmp_path / "runs/toy").per_query(record.key)
    content = path.read_bytes()
    path.unlink()
    run(tmp_path, suite)
    assert path.read_bytes() == content


def test_a_full_disk_fails_the_cell_with_what_to_do_and_loses_nothing(
    tmp_path: Path, collection: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    suite = toys.write_suite(tmp_path / "toy.yaml", collection)
    save = np.save

    def full(*arguments: object, **named: object) -> None:
        raise OSError("1000000 requested and 124984 written")  # as numpy says it

    monkeypatch.setattr(
        np, "save", lambda path, *rest, **named: (full if "indptr" in str(path) else save)(path, *rest, **named)
    )
    (record,) = run(tmp_path, suite).records
    assert record.status == "failed"
    assert record.error is not None
    assert "Free some space" in record.error
    monkeypatch.undo()
    assert run(tmp_path, suite).records[0].status == "ok"
