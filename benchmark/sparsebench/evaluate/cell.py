"""One cell: tune where the suite says so, then rank the test queries."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from sparsebench.evaluate.group import Evaluation
from sparsebench.evaluate.ranking import rank_collection, run_of
from sparsebench.evaluate.tuning import tune
from sparsebench.planning import PlannedCell
from sparsebench.provenance import Stopwatch
from sparsebench.records import Tuning
from sparsebench.types import Json, Qrels, Run

OWN_IDS = "queries_that_rank_their_own_id_first"


@dataclass(frozen=True)
class CellResult:
    """Evaluation result of one cell, as the record holds it."""

    run: Run
    facts: Mapping[str, Json]
    notes: Mapping[str, Json]
    tuning: Tuning | None
    first_ranks: Mapping[str, int] | None = None


def evaluate(evaluation: Evaluation, cell: PlannedCell, watch: Stopwatch) -> CellResult:
    """Evaluate a cell on the test queries, tuned on development queries first where the suite says so."""
    collection = evaluation.collection
    with watch.stage("tune"):
        tuning = tune(evaluation, cell) if cell.spec.tune else None
    postprocessor = cell.make(**(tuning.chosen if tuning else {}))
    outcome = rank_collection(evaluation, cell, postprocessor, collection.test, collection.bank, watch)
    run = run_of(evaluation, outcome.ranking, collection.test)
    notes = {**outcome.notes, **_own_ids(run, collection.test.qrels)}
    return CellResult(run, outcome.facts, notes, tuning, outcome.ranks(collection.test))


def _own_ids(run: Run, qrels: Qrels) -> dict[str, Json]:
    """Count the queries that rank a document of their own id first: where queries are documents, `drop_own_id` is
    meant.

    Where that document is judged an answer, as a video is to its caption of the same name, it is no such hit.
    """
    own = sum(
        next(iter(documents), None) == query_id and qrels.get(query_id, {}).get(query_id, 0) <= 0
        for query_id, documents in run.items()
    )
    return {OWN_IDS: own} if own else {}
