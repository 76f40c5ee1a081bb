"""What plugins are given they do not change: who writes fails alone and is named; no other cell's figure changes."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

import toys
from breakers import Breakers, by_label, part, run
from sparsebench import (
    Analysis,
    Block,
    CellAnalyzer,
    CellContext,
    FitContext,
    GroupAnalyzer,
    GroupContext,
    Postprocessor,
    Query,
    ScoreBlocks,
    ScoredIds,
    Scorer,
    State,
    SuiteAnalyzer,
    SuiteContext,
)
from sparsebench.contracts.readonly import read_only_csr
from sparsebench.leaderboard import Board
from sparsebench.records import SuiteFolder
from sparsebench.testing import analyzer_checks, postprocessor_checks
from sparsebench.types import Json

METHODS = "postprocessors: [{}none, {{name: csls, k: 1, scale: none}}, {{name: nnn, k: 1, alpha: 1, scale: none}}]\n"
GUILTY = "{name: guilty, scale: none}, "


class Guilty(Postprocessor):
    """Learns the fitting scores' means, and does something to what it is given in one of its calls."""

    sees = "batch"

    def __init__(self, act: Callable[[Mapping[str, Any]], object]) -> None:
        self._act = act

    def fit(self, blocks: ScoreBlocks, context: FitContext) -> State:
        self._act({"call": "fit", "blocks": blocks})
        return State(
            {"bias": torch.cat([block.scores.mean(dim=0) for block in blocks])},
            rows={"best": torch.cat([block.scores for block in blocks], dim=1).amax(dim=1)},
        )

    def row_stats(self, blocks: ScoreBlocks, state: State) -> Mapping[str, torch.Tensor]:
        self._act({"call": "row_stats", "blocks": blocks, "state": state})
        return {"zero": torch.zeros(blocks.shape[0])}

    def apply(self, block: Block, state: State, row_stats: Mapping[str, torch.Tensor]) -> torch.Tensor:
        self._act({"call": "apply", "blocks": [block], "state": state, "row_stats": row_stats})
        return block.scores - state.arrays["bias"][block.columns]


def during(call: str, do: Callable[[Mapping[str, Any]], object]) -> Callable[[Mapping[str, Any]], object]:
    return lambda given: do(given) if given["call"] == call else None


def negate(given: Mapping[str, Any]) -> None:
    for block in given["blocks"]:
        block.scores.mul_(-1)


def negate_a_part(given: Mapping[str, Any]) -> None:
    for block in given["blocks"].rows(0, 2):
        block.scores[:, :1] = 7


def write_the_first_and_look_no_further(given: Mapping[str, Any]) -> None:
    next(iter(given["blocks"])).scores.zero_()


def write_and_stumble(given: Mapping[str, Any]) -> None:
    negate(given)
    raise KeyError("stumbled")


WRITES: Mapping[str, Callable[[Mapping[str, Any]], object]] = {
    "a block in fit": during("fit", negate),
    "a part of a block in fit": during("fit", negate_a_part),
    "a block in fit, and it looks no further": during("fit", write_the_first_and_look_no_further),
    "a block in row_stats": during("row_stats", negate),
    "a block in apply": during("apply", negate),
    "an array of the state": during("apply", lambda given: given["state"].arrays["bias"].add_(1)),
    "a row of the state": during("row_stats", lambda given: given["state"].rows["best"].add_(1)),
    "row_stats": during("apply", lambda given: given["row_stats"]["zero"].add_(1)),
}


def others(board: Board, tmp_path: Path) -> dict[str, tuple[Mapping[str, float], bytes]]:
    """Measures and runs of all cells but the guilty one."""
    return {
        label: (record.measures, SuiteFolder(tmp_path / "runs/toy").run(record.key).read_bytes())
        for label, record in by_label(board).items()
        if "guilty" not in label
    }


@pytest.fixture
def innocent(tmp_path: Path) -> dict[str, tuple[Mapping[str, float], bytes]]:
    """The same cells where nobody writes."""
    folder = tmp_path / "innocent"
    return others(run(folder, Breakers(), "models: [words]\n" + METHODS.format("")), folder)


@pytest.mark.parametrize("what", WRITES)
def test_a_postprocessor_that_writes_fails_alone_and_is_named(
    tmp_path: Path, innocent: Mapping[str, Any], what: str
) -> None:
    breakers = Breakers(postprocessors={"guilty": part(Guilty, WRITES[what])})
    board = run(tmp_path, breakers, "models: [words]\n" + METHODS.format(GUILTY))
    record = by_label(board)["words+guilty"]
    assert record.status == "failed"
    assert "Guilty." in str(record.error)
    assert "rule `read only`: it wrote to" in str(record.error)
    assert others(board, tmp_path) == innocent


def test_a_postprocessor_that_writes_and_then_raises_spoils_nothing_either(
    tmp_path: Path, innocent: Mapping[str, Any]
) -> None:
    breakers = Breakers(postprocessors={"guilty": part(Guilty, during("fit", write_and_stumble))})
    board = run(tmp_path, breakers, "models: [words]\n" + METHODS.format(GUILTY))
    assert by_label(board)["words+guilty"].error == "KeyError: 'stumbled'"
    assert others(board, tmp_path) == innocent


def test_what_is_written_later_to_a_block_that_was_kept_is_noticed_with_its_cell(
    tmp_path: Path, innocent: Mapping[str, Any]
) -> None:
    kept: list[torch.Tensor] = []

    def keep(given: Mapping[str, Any]) -> None:
        if given["call"] == "fit":
            kept.extend(block.scores for block in given["blocks"])

    class Late(CellAnalyzer):
        def analyze(self, context: CellContext) -> Analysis:
            for scores in kept:
                scores.zero_()
            return Analysis({})

    breakers = Breakers(postprocessors={"guilty": part(Guilty, keep)}, analyzers={"late": Late})
    board = run(tmp_path, breakers, "models: [words]\nanalyzers: [late]\n" + METHODS.format(GUILTY))
    assert "something wrote to scores" in str(by_label(board)["words+guilty"].error)


def test_tuning_drops_what_was_written_to_as_well(tmp_path: Path, innocent: Mapping[str, Any]) -> None:
    class Tuned(Guilty):
        def __init__(self, *, tau: float = 1.0) -> None:
            super().__init__(during("apply", negate))

    entry = "{name: guilty, scale: none, tune: {tau: [1.0, 2.0]}}, "
    board = run(tmp_path, Breakers(postprocessors={"guilty": Tuned}), "models: [words]\n" + METHODS.format(entry))
    assert "read only" in str(by_label(board)["words+guilty"].error)
    assert others(board, tmp_path) == innocent


class Writer(GroupAnalyzer):
    """Writes to a part of its context."""

    def __init__(self, write: Callable[[GroupContext], object]) -> None:
        self._write = write

    def analyze(self, context: GroupContext) -> Analysis:
        self._write(context)
        return Analysis({})


def assign(target: Any, key: Any, value: object) -> None:
    target[key] = value


def doubled(array: np.ndarray) -> None:
    array *= 2


GROUP_WRITES: Mapping[str, Callable[[GroupContext], object]] = {
    "weights of documents": lambda context: assign(context.document_vectors.data, slice(None), 1),
    "dimensions of documents": lambda context: assign(context.document_vectors.indices, 0, 3),
    "row starts of documents": lambda context: doubled(context.document_vectors.indptr),
    "weights of queries": lambda context: doubled(context.query_vectors.data),
    "vectors of other queries": lambda context: doubled(context.encode_queries(["apple"]).data),
    "doc_ids": lambda context: context.doc_ids.sort(),
    "judgments": lambda context: assign(context.test.qrels, "q1", {"d4": 1}),
    "a judgment": lambda context: assign(context.test.qrels["q1"], "d4", 1),
    "judgments cleared": lambda context: context.test.qrels.clear(),  # type: ignore[attr-defined]
    "judgments of the bank": lambda context: assign(context.bank.qrels, "b1", {}),  # type: ignore[union-attr]
}


@pytest.mark.parametrize("what", GROUP_WRITES)
def test_a_group_analyzer_that_writes_fails_alone_and_is_named(
    tmp_path: Path, innocent: Mapping[str, Any], what: str
) -> None:
    breakers = Breakers(analyzers={"writer": part(Writer, GROUP_WRITES[what])})
    extra = "models: [words]\nanalyzers: [writer, sparsity]\n" + METHODS.format("")
    board = run(tmp_path, breakers, extra)
    assert others(board, tmp_path) == innocent
    for record in board.records:
        assert "analyzer 'writer' breaks the contract, rule `read only`" in record.analysis["writer"]["error"]
        assert "error" not in record.analysis["sparsity"]


def test_an_analyzer_may_replace_the_parts_of_its_own_matrix(tmp_path: Path, innocent: Mapping[str, Any]) -> None:
    def replace_parts(context: GroupContext) -> None:
        context.document_vectors.data = np.log1p(context.document_vectors.data)
        context.document_vectors.sum_duplicates()

    breakers = Breakers(analyzers={"writer": part(Writer, replace_parts)})
    board = run(tmp_path, breakers, "models: [words]\nanalyzers: [writer, sparsity]\n" + METHODS.format(""))
    assert others(board, tmp_path) == innocent
    assert "error" not in board.records[0].analysis["writer"]


class CellWriter(CellAnalyzer):
    def __init__(self, write: Callable[[CellContext], object]) -> None:
        self._write = write

    def analyze(self, context: CellContext) -> Analysis:
        self._write(context)
        return Analysis({})


CELL_WRITES: Mapping[str, Callable[[CellContext], object]] = {
    "judgments": lambda context: assign(context.qrels, "q1", {"d4": 1}),
    "a judgment": lambda context: assign(context.qrels["q1"], "d4", 1),
    "the run": lambda context: assign(context.run["q1"], "d4", 9.0),
}


@pytest.mark.parametrize("what", CELL_WRITES)
def test_a_cell_analyzer_that_writes_fails_alone_and_is_named(
    tmp_path: Path, innocent: Mapping[str, Any], what: str
) -> None:
    breakers = Breakers(analyzers={"writer": part(CellWriter, CELL_WRITES[what])})
    board = run(tmp_path, breakers, "models: [words]\nanalyzers: [writer]\n" + METHODS.format(""))
    assert others(board, tmp_path) == innocent
    for record in board.records:
        assert "analyzer 'writer' breaks the contract, rule `read only`" in record.analysis["writer"]["error"]


class SuiteWriter(SuiteAnalyzer):
    def analyze(self, context: SuiteContext) -> Analysis:
        context.records[0].measures["nDCG@10"] = 99.0
        return Analysis({})


class SuiteReader(SuiteAnalyzer):
    def analyze(self, context: SuiteContext) -> Analysis:
        return Analysis({"best": max(record.measures["nDCG@10"] for record in context.records)})


def test_a_suite_analyzer_that_writes_is_named_and_the_next_reads_what_was_there(tmp_path: Path) -> None:
    breakers = Breakers(analyzers={"writer": SuiteWriter, "reader": SuiteReader})
    board = run(tmp_path, breakers, "models: [words]\nanalyzers: [writer, reader]\n")
    assert "rule `read only`: it wrote to the records" in board.index.analyses["writer"]["error"]
    assert board.index.analyses["reader"]["best"] == 1.0


class Sorting(Scorer):
    """Sorts the ids that it is given in place."""

    def identity(self) -> Mapping[str, Json]:
        return {}

    def score(self, queries: Sequence[Query], doc_ids: np.ndarray) -> ScoredIds:
        doc_ids[::-1].sort()
        return ScoredIds(np.ones((len(queries), len(doc_ids))))


def test_a_scorer_that_sorts_the_ids_fails_alone(tmp_path: Path) -> None:
    records = by_label(run(tmp_path, Breakers(models={"mine": Sorting}), "models: [mine, words]\n"))
    assert "read-only" in str(records["mine+none"].error)
    assert records["words+none"].measures["nDCG@10"] == 1.0


class Escaping(Guilty):
    """Writes to the memory of a block in a way that torch does not count."""

    def __init__(self, act: Callable[[Mapping[str, Any]], object]) -> None:
        super().__init__(during("apply", act))


@pytest.mark.parametrize(
    "write", [lambda block: block.scores.data.mul_(-1), lambda block: doubled(block.scores.numpy())]
)
def test_the_kit_finds_what_escapes_the_count(write: Callable[[Block], object]) -> None:
    escaping = part(Escaping, lambda given: write(given["blocks"][0]))
    (check,) = [check for check in postprocessor_checks(escaping) if str(check) == "inputs_stay_as_they_are"]
    assert "it wrote to the scores" in str(check.failure())


def test_the_kit_finds_an_analyzer_that_writes_through_a_tensor() -> None:
    def through_torch(context: GroupContext) -> None:
        torch.from_numpy(context.document_vectors.data).mul_(2)

    writing = part(Writer, through_torch)
    (check,) = [check for check in analyzer_checks(writing) if str(check) == "inputs_stay_as_they_are"]
    with pytest.warns(UserWarning, match="not writable"):
        assert "it wrote to document_vectors.data" in str(check.failure())


def test_a_read_only_matrix_copies_no_entry() -> None:
    matrix = toys.LoadedWords(0.5).encode(["apple fruit"], "document").vectors
    view = read_only_csr(matrix)
    assert np.shares_memory(view.data, matrix.data)
    assert np.shares_memory(view.indices, matrix.indices)
    assert not view.data.flags.writeable
    assert matrix.data.flags.writeable
