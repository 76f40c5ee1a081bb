"""What plugins return is checked once, where it enters: what breaks a rule is a failed cell with the rule's name."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from scipy.sparse import csc_array, csr_array

import toys
from breakers import Breakers, by_label, part, run
from sparsebench import (
    Analysis,
    Block,
    CellAnalyzer,
    Encoded,
    FitContext,
    GroupAnalyzer,
    LoadedEncoder,
    Postprocessor,
    Query,
    ScoreBlocks,
    ScoredIds,
    Scorer,
    SparseEncoder,
    State,
    SuiteAnalyzer,
)
from sparsebench.contracts.plain import plain_json
from sparsebench.encoding.returned import checked_vectors
from sparsebench.errors import ContractError
from sparsebench.types import Json, Role

VECTORS = csr_array(np.array([[1, 0, 2], [0, 0, 0], [0, 3, 4]], np.float32))


def edited(**parts: object) -> Encoded:
    """VECTORS with other parts, without asking scipy whether they fit."""
    vectors = VECTORS.copy()
    for name, values in parts.items():
        setattr(vectors, name, np.array(values, getattr(vectors, name).dtype))
    return Encoded(vectors)


UNSOUND: Mapping[str, tuple[str, Callable[[], object]]] = {
    "nothing": ("Encoded", lambda: None),
    "bare vectors": ("Encoded", lambda: VECTORS),
    "a dense array": ("csr", lambda: Encoded(VECTORS.toarray())),
    "another layout": ("csr", lambda: Encoded(csc_array(VECTORS))),
    "a text too few": ("shape", lambda: Encoded(VECTORS[:2])),
    "another vocabulary": ("shape", lambda: Encoded(csr_array(VECTORS.toarray()[:, :2]))),
    "whole numbers": ("float32", lambda: Encoded(VECTORS.astype(np.int32))),
    "double precision": ("float32", lambda: Encoded(VECTORS.astype(np.float64))),
    "rows that start nowhere": ("indptr", lambda: edited(indptr=[0, 2, 9, 4])),
    "rows that end early": ("indptr", lambda: edited(indptr=[0, 2, 2, 3])),
    "fewer weights than columns": ("indptr", lambda: edited(data=[1, 2, 3])),
    "a negative column": ("in range", lambda: edited(indices=[0, -3, 1, 2])),
    "a column beyond the vocabulary": ("in range", lambda: edited(indices=[0, 3, 1, 2])),
    "columns in another order": ("sorted", lambda: edited(indices=[2, 0, 1, 2])),
    "a column twice": ("sorted", lambda: edited(indices=[0, 2, 1, 1])),
    "NaN": ("finite", lambda: edited(data=[1, math.nan, 3, 4])),
    "infinity": ("finite", lambda: edited(data=[1, 2, 3, math.inf])),
    "a negative weight": ("positive", lambda: edited(data=[1, 2, -3, 4])),
    "a stored zero": ("positive", lambda: edited(data=[1, 2, 0, 4])),
    "more texts cut than there are": ("truncated", lambda: Encoded(VECTORS, truncated=4)),
}


@pytest.mark.parametrize("what", UNSOUND)
def test_vectors_that_break_a_rule_are_refused_by_its_name(what: str) -> None:
    rule, make = UNSOUND[what]
    with pytest.raises(ContractError, match=f"mine breaks the contract, rule `{rule}`") as found:
        checked_vectors(make(), shape=(3, 3), owner="mine")
    assert found.value.rule == rule


def test_sound_vectors_pass_also_where_rows_are_empty_and_columns_fall_from_row_to_row() -> None:
    for rows in ([[1, 0, 2], [0, 0, 0], [3, 0, 0]], [[0, 0, 0]] * 3, [[0, 0, 1], [0, 1, 0], [1, 0, 0]]):
        given = Encoded(csr_array(np.array(rows, np.float32)))
        assert checked_vectors(given, shape=(3, 3), owner="mine") is given
    empty = Encoded(csr_array(np.zeros((0, 3), np.float32)))
    assert checked_vectors(empty, shape=(0, 3), owner="mine") is empty


def test_the_message_says_where_the_entry_is() -> None:
    with pytest.raises(ContractError, match=r"the weight -3 in row 2, column 1 \(1 of 4 entries\)"):
        checked_vectors(edited(data=[1, 2, -3, 4]), shape=(3, 3), owner="mine")
    with pytest.raises(ContractError, match="row 2 has an entry in column 7; there are 3"):
        checked_vectors(edited(indices=[0, 2, 1, 7]), shape=(3, 3), owner="mine")


class Words(SparseEncoder):
    """The toy model with an edit of what it returns for one role."""

    def __init__(self, edit: Callable[[Encoded], object], role: Role) -> None:
        self._edit, self._role = edit, role

    def identity(self, role: Role) -> Mapping[str, Json]:
        return {}

    def load(self, device: str) -> LoadedEncoder:
        edit, edited_role = self._edit, self._role

        class Edited(toys.LoadedWords):
            def encode(self, texts: Sequence[str], role: Role) -> Any:
                encoded = super().encode(texts, role)
                return edit(encoded) if role == edited_role else encoded

        return Edited(0.5)


def wider(encoded: Encoded) -> Encoded:
    vectors = encoded.vectors
    return Encoded(csr_array((vectors.data, vectors.indices, vectors.indptr), shape=(vectors.shape[0], 12)))


def off_the_map(encoded: Encoded) -> Encoded:
    encoded.vectors.indptr[1:] += 10**9  # compiled loops would follow it out of memory
    return encoded


def negated(encoded: Encoded) -> Encoded:
    return Encoded(-encoded.vectors)


@pytest.mark.parametrize(
    ("edit", "role", "rule"),
    [
        (wider, "query", "shape"),
        (wider, "document", "shape"),
        (off_the_map, "document", "indptr"),
        (negated, "query", "positive"),
        (lambda encoded: None, "document", "Encoded"),
    ],
)
def test_a_model_that_breaks_a_rule_fails_alone_and_nothing_of_it_is_stored(
    tmp_path: Path, edit: Callable[[Encoded], object], role: Role, rule: str
) -> None:
    breakers = Breakers(models={"mine": part(Words, edit, role)})
    for _ in range(2):  # what is not stored fails again, with the same name
        records = by_label(run(tmp_path, breakers, "models: [mine, words]\n"))
        assert records["mine+none"].status == "failed"
        assert f"Edited.encode(…, '{role}') breaks the contract, rule `{rule}`" in str(records["mine+none"].error)
        assert records["words+none"].measures["nDCG@10"] == 1.0


class Shifted(Postprocessor):
    """What `none` returns, edited."""

    sees = "query"

    def __init__(self, edit: Callable[[torch.Tensor], object]) -> None:
        self._edit = edit

    def fit(self, blocks: ScoreBlocks, context: FitContext) -> State:
        return State()

    def apply(self, block: Block, state: State, row_stats: Mapping[str, torch.Tensor]) -> Any:
        return self._edit(block.scores.clone())


CORRECTIONS: Mapping[str, tuple[str, Callable[[torch.Tensor], object]]] = {
    "one row": ("shape", lambda scores: scores[:1]),
    "a document too few": ("shape", lambda scores: scores[:, 1:]),
    "an array": ("tensor", lambda scores: scores.numpy()),
    "nothing": ("tensor", lambda scores: None),
    "truth values": ("precision", lambda scores: scores > 1),
    "whole numbers": ("precision", lambda scores: scores.int()),
    "half precision": ("precision", lambda scores: scores.half()),
    "NaN": ("finite", lambda scores: scores * math.nan),
    "infinity": ("finite", lambda scores: scores + math.inf),
    "nothing but -inf": ("finite", lambda scores: scores - math.inf),
}


@pytest.mark.parametrize("what", CORRECTIONS)
def test_a_postprocessor_that_breaks_a_rule_fails_alone(tmp_path: Path, what: str) -> None:
    rule, edit = CORRECTIONS[what]
    breakers = Breakers(postprocessors={"mine": part(Shifted, edit)})
    records = by_label(run(tmp_path, breakers, "models: [words]\npostprocessors: [mine, none]\n"))
    assert f"Shifted.apply breaks the contract, rule `{rule}`" in str(records["words+mine"].error)
    assert records["words+none"].status == "ok"


class Learning(Shifted):
    """Learns something edited."""

    sees = "batch"

    def __init__(self, learnt: Callable[[], object]) -> None:
        super().__init__(lambda scores: scores)
        self._learnt = learnt

    def fit(self, blocks: ScoreBlocks, context: FitContext) -> Any:
        return self._learnt()


@pytest.mark.parametrize(
    ("learnt", "rule"),
    [
        (lambda: None, "State"),
        (lambda: State({"bias": torch.zeros(3)}), "shape"),
        (lambda: State({"bias": np.zeros(4)}), "named tensors"),  # type: ignore[dict-item]
        (lambda: State(facts={"rounds": math.nan}), "plain JSON"),
        (lambda: State(facts={"rounds": {1, 2}}), "plain JSON"),
    ],
)
def test_what_a_postprocessor_learns_is_checked(tmp_path: Path, learnt: Callable[[], object], rule: str) -> None:
    breakers = Breakers(postprocessors={"mine": part(Learning, learnt)})
    records = by_label(run(tmp_path, breakers, "models: [words]\npostprocessors: [mine, none]\n"))
    assert f"rule `{rule}`" in str(records["words+mine"].error)
    assert records["words+none"].status == "ok"


def test_numpys_numbers_in_facts_become_pythons(tmp_path: Path) -> None:
    facts = {"rounds": np.int64(3), "share": np.float32(0.5), "all": np.bool_(True), "each": (np.float64(1.5),)}
    breakers = Breakers(postprocessors={"mine": part(Learning, lambda: State(facts=facts))})
    records = by_label(run(tmp_path, breakers, "models: [words]\npostprocessors: [mine]\n"))
    found = records["words+mine"].provenance.postprocessing
    assert {name: found[name] for name in facts} == {"rounds": 3, "share": 0.5, "all": True, "each": [1.5]}


class Given(Scorer):
    """Scores (Q, D) of a function."""

    def __init__(self, give: Callable[[int, int], object]) -> None:
        self._give = give

    def identity(self) -> Mapping[str, Json]:
        return {}

    def score(self, queries: Sequence[Query], doc_ids: np.ndarray) -> Any:
        return self._give(len(queries), len(doc_ids))


SCORES: Mapping[str, tuple[str, Callable[[int, int], object]]] = {
    "a bare array": ("ScoredIds", lambda q, d: np.ones((q, d))),
    "a list": ("array", lambda q, d: ScoredIds([[1.0] * d] * q)),  # type: ignore[arg-type]
    "a query too few": ("shape", lambda q, d: ScoredIds(np.ones((q - 1, d)))),
    "whole numbers": ("floating", lambda q, d: ScoredIds(np.ones((q, d), np.int64))),
    "notes that are no JSON": ("plain JSON", lambda q, d: ScoredIds(np.ones((q, d)), {"seen": {1}})),
    "a column before the first": ("in range", lambda q, d: off_the_columns(q, d, -3)),
    "a column beyond the last": ("in range", lambda q, d: off_the_columns(q, d, 10**9)),
}


def off_the_columns(queries: int, documents: int, column: int) -> ScoredIds:
    scores = csr_array(np.ones((queries, documents), np.float32))
    scores.indices[0] = column
    return ScoredIds(scores)


@pytest.mark.parametrize("what", SCORES)
def test_a_scorer_that_breaks_a_rule_fails_alone(tmp_path: Path, what: str) -> None:
    rule, give = SCORES[what]
    breakers = Breakers(models={"mine": part(Given, give)})
    records = by_label(run(tmp_path, breakers, "models: [mine, words]\n"))
    assert f"Given.score breaks the contract, rule `{rule}`" in str(records["mine+none"].error)
    assert records["words+none"].status == "ok"


def test_scores_of_double_precision_rank_what_single_precision_cannot_tell_apart(tmp_path: Path) -> None:
    # d1 to d4: equal as float32, and ties would go to d4. Each query's own answer is the highest by 1e-12.
    scores = np.ones((4, 4)) + 1e-12 * np.eye(4)[[0, 2, 1, 3]]
    breakers = Breakers(models={"mine": part(Given, lambda q, d: ScoredIds(scores))})
    methods = "postprocessors: [none, {name: csls, k: 1}, {name: sinkhorn, tau: 1}, {name: dsl, tau: 1}]\n"
    for label, record in by_label(run(tmp_path, breakers, "models: [mine]\n" + methods)).items():
        assert record.error is None
        assert record.measures["RR@10"] == 1.0, label
    single = Breakers(models={"mine": part(Given, lambda q, d: ScoredIds(scores.astype(np.float32)))})
    (record,) = run(tmp_path / "single", single, "models: [mine]\n").records
    assert record.measures["RR@10"] < 1.0


VALUES: Mapping[str, tuple[object, str]] = {
    "NaN": ({"l0": {"mean": math.nan}}, "values.l0.mean is nan"),
    "infinity": ({"l0": [1, np.float32(math.inf)]}, "values.l0[1] is inf"),
    "bytes": ({"l0": b"1"}, "values.l0 is of type bytes"),
    "an object": ({"l0": object()}, "values.l0 is of type object"),
    "an array": ({"l0": np.ones(2)}, "values.l0 is of type ndarray"),
    "half a surrogate pair": ({"l0": "\ud83d"}, "half a surrogate pair"),
    "a key that is no text": ({None: 1}, "keys are text"),
    "no mapping": ([1], "of type list, not a mapping"),
}


class Finding(GroupAnalyzer):
    """Finds something edited."""

    def __init__(self, found: object) -> None:
        self._found = found

    def analyze(self, context: object) -> Any:
        return self._found


class CellFinding(CellAnalyzer, Finding):  # type: ignore[misc]
    """The same of a cell."""

    analyze = Finding.analyze


class SuiteFinding(SuiteAnalyzer, Finding):  # type: ignore[misc]
    """The same of a suite."""

    analyze = Finding.analyze


@pytest.mark.parametrize("level", [Finding, CellFinding, SuiteFinding])
@pytest.mark.parametrize("what", [*VALUES, "nothing", "a file in another folder", "a file of bytes"])
def test_an_analyzer_that_breaks_a_rule_says_so_and_costs_no_cell(
    tmp_path: Path, what: str, level: type[Finding]
) -> None:
    returned, message = {
        **{name: (Analysis(values), message) for name, (values, message) in VALUES.items()},  # type: ignore[arg-type]
        "nothing": (None, "rule `Analysis`"),
        "a file in another folder": (Analysis({}, {"../x.csv": "1"}), "its name holds no folder"),
        "a file of bytes": (Analysis({}, {"x.csv": b"1"}), "files.x.csv is of type bytes"),  # type: ignore[dict-item]
    }[what]
    breakers = Breakers(analyzers={"mine": part(level, returned)})
    for _ in range(2):  # nothing is kept that could trouble a later run
        board = run(tmp_path, breakers, "models: [words]\nanalyzers: [mine]\n")
        (record,) = board.records
        assert record.status == "ok"
        found = board.index.analyses["mine"] if level is SuiteFinding else record.analysis["mine"]
        assert "analyzer 'mine' breaks the contract" in found["error"]
        assert message in found["error"]
        assert (tmp_path / "runs/toy/leaderboard.html").is_file()


def test_numpys_numbers_in_values_become_pythons(tmp_path: Path) -> None:
    values = {"l0": np.float32(2.5), "documents": np.int64(4), "sparse": np.bool_(True), 7: "a key that is a number"}
    breakers = Breakers(analyzers={"mine": part(Finding, Analysis(values))})  # type: ignore[arg-type]
    (record,) = run(tmp_path, breakers, "models: [words]\nanalyzers: [mine]\n").records
    found = record.analysis["mine"]
    assert (found["l0"], found["documents"], found["sparse"]) == (2.5, 4, True)
    assert found["7"] == "a key that is a number"


def test_plain_json_names_the_place() -> None:
    with pytest.raises(ContractError, match=r"it\.a\[1\]\.b is nan"):
        plain_json({"a": [1, {"b": math.nan}]}, "mine", "it")


class Nameless(toys.Words):
    """Cannot say what it is."""

    def __init__(self, answer: Callable[[], Any]) -> None:
        super().__init__()
        self._answer = answer

    def identity(self, role: Role) -> Mapping[str, Json]:
        found: Mapping[str, Json] = self._answer()
        return found


def leave() -> None:
    raise SystemExit(0)


def stumble() -> None:
    raise KeyError("weights")


@pytest.mark.parametrize(
    ("answer", "message"),
    [
        (leave, "SystemExit(0): a plugin must not end the process"),
        (stumble, "KeyError: 'weights'"),
        (lambda: {"weights": math.nan}, "query.weights is nan"),
        (lambda: {"weights": b"123"}, "of type bytes"),
        (lambda: None, "not a mapping"),
    ],
)
def test_a_model_that_cannot_say_what_it_is_fails_alone(
    tmp_path: Path, answer: Callable[[], Any], message: str
) -> None:
    breakers = Breakers(models={"mine": part(Nameless, answer)})
    records = by_label(run(tmp_path, breakers, "models: [mine, words]\n"))
    assert message in str(records["mine+none"].error)
    assert "Nameless" in str(records["mine+none"].error)
    assert records["words+none"].measures["nDCG@10"] == 1.0


def test_a_model_that_raises_system_exit_is_a_failure_like_another(tmp_path: Path) -> None:
    breakers = Breakers(models={"mine": part(Words, lambda encoded: leave(), "document")})
    records = by_label(run(tmp_path, breakers, "models: [mine, words]\n"))
    assert "SystemExit(0)" in str(records["mine+none"].error)
    assert records["words+none"].status == "ok"
