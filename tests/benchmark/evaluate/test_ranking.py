"""Ranking queries of a collection."""

from __future__ import annotations

from pathlib import Path
from typing import ClassVar

import pytest

import toys
from sparsebench.evaluate.group import Evaluation
from sparsebench.evaluate.ranking import Outcome, rank_topics, run_of
from sparsebench.progress import Silent
from sparsebench.provenance import Stopwatch
from sparsebench.store import Store
from sparsebench_plugins.postprocessors.none import NoCorrection


class ScoringAll(NoCorrection):
    """The same, found the long way."""

    is_identity: ClassVar[bool] = False


def rank(tmp_path: Path, suite: Path, method: NoCorrection) -> tuple[Evaluation, Outcome]:
    store = Store(tmp_path / "store")
    (group,) = toys.plan_suite(suite, store).groups
    evaluation, watch = Evaluation(group, store, Silent(), Stopwatch()), Stopwatch()
    return evaluation, rank_topics(evaluation, group.cells[0], method, group.collection.test, None, watch)


@pytest.mark.parametrize("depth", [1, 10])
@pytest.mark.parametrize("candidates", ["retrieved", "all"])
@pytest.mark.parametrize("drop_own_id", ["true", "false"])
def test_finding_the_best_documents_at_once_changes_no_run(
    tmp_path: Path, depth: int, candidates: str, drop_own_id: str
) -> None:
    folder = toys.write_collection(tmp_path / "fruit")
    for name in ("corpus.jsonl", "qrels/test.tsv", "qrels/train.tsv"):
        path = folder / name
        path.write_text(path.read_text().replace("d1", "q1"))  # which query q1 finds
    suite = toys.write_suite(tmp_path / "toy.yaml", folder, f"models: [words]\ncandidates: {candidates}\n")
    text = suite.read_text().replace("depth: 10", f"depth: {depth}").replace("[nDCG@10, RR@10]", "[RR@1]")
    suite.write_text(text.replace("domain: in", f"drop_own_id: {drop_own_id}, domain: in"))
    evaluation, found = rank(tmp_path, suite, NoCorrection())
    _, expected = rank(tmp_path, suite, ScoringAll())
    assert found.facts == expected.facts
    assert found.facts["scale"] == 1
    assert found.facts.get("first_places_tied") == (None if depth + (drop_own_id == "true") == 1 else 0)
    topics = evaluation.collection.test
    run = run_of(evaluation, found.ranking, topics)
    assert run == run_of(evaluation, expected.ranking, topics)
    assert ("q1" in run["q1"]) == (drop_own_id == "false")
    assert {len(documents) for documents in run.values()} <= set(range(depth + 1))
