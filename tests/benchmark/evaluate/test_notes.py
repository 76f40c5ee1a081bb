"""What a record says of a cell depends on that cell alone, never on what was computed before it."""

from __future__ import annotations

from itertools import permutations
from pathlib import Path

import pytest

import sparsebench_plugins.models
import toys
from sparsebench.progress import Silent
from sparsebench.records import Record
from sparsebench.runner import Runner
from sparsebench.store import Store

NONE = "none"
OF_THE_BANK = "{name: dsl_single_query, tau: 0.5}"
TUNED = "{name: sinkhorn, label: tuned, tune: {tau: [0.5, 1.0]}}"


def records(folder: Path, model: str, postprocessors: tuple[str, ...]) -> dict[str, Record]:
    """Key -> record, costs aside."""
    collection = toys.write_collection(folder / "fruit")
    extra = f"models: [{model}]\npostprocessors: [{', '.join(postprocessors)}]\nanalyzers: [sparsity]\n"
    store = Store(folder / "store")
    registry = toys.registry(sparsebench_plugins.models)
    plan = toys.plan_suite(toys.write_suite(folder / "toy.yaml", collection, extra), store, registry)
    board = Runner(store, folder / "runs", Silent()).run(plan)
    return {record.key: record.model_copy(update={"costs": None}) for record in board.records}


def run_file(folder: Path, *lacking: str) -> str:
    """Of all queries but some."""
    path = folder / "system.run"
    queries = [query_id for query_id in toys.QUERIES if query_id not in lacking]
    path.write_text(
        "".join(f"{query_id} Q0 d{rank} {rank} {9 - rank} x\n" for query_id in queries for rank in range(1, 5))
    )
    return f"{{name: run_file, path: {path}}}"


@pytest.mark.parametrize("lacking", [None, "q4", "b3"])
def test_the_order_of_cells_changes_no_record(tmp_path: Path, lacking: str | None) -> None:
    """b3: cells that fit on the bank fail, after they have read the scores of others."""
    named = run_file(tmp_path, lacking) if lacking else "words"
    orders = list(permutations((NONE, OF_THE_BANK, TUNED)))
    found = [records(tmp_path / str(number), named, order) for number, order in enumerate(orders)]
    assert all(each == found[0] for each in found)


def test_a_record_notes_the_scores_that_its_own_cell_read(tmp_path: Path) -> None:
    found = records(tmp_path / "suite", run_file(tmp_path, "q4"), (OF_THE_BANK, NONE)).values()
    counts = {
        record.cell.postprocessor.label: record.provenance.collection.counts
        for record in found
        if record.provenance.collection
    }
    assert counts["none"]["queries_not_in_run"] == 1
    assert "bank_queries_not_in_run" not in counts["none"]
    assert counts["dsl_single_query"]["bank_queries_not_in_run"] == 0
