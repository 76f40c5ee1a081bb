"""A sound scorer passes every check, and for each check there is a scorer that it finds out."""

from __future__ import annotations

import contextlib
import itertools
import socket
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import pytest
from scipy.sparse import csr_array

from sparsebench import Query, ScoredIds, Scorer
from sparsebench.testing import check_model, model_checks
from sparsebench.testing.scorers import SCORER_RULES


class Sound(Scorer):
    """The score of a pair is made of the bytes of its ids."""

    dense = True

    def identity(self) -> Mapping[str, Any]:
        return {"rule": 1}

    def score(self, queries: Sequence[Query], doc_ids: np.ndarray) -> ScoredIds:
        columns = np.array([sum(doc_id) for doc_id in doc_ids.tolist()], dtype=np.float32)
        rows = np.array([sum(query.query_id.encode()) for query in queries], dtype=np.float32)
        return ScoredIds(np.outer(rows, columns))


class Sparse(Sound):
    """It has seen even documents only, and one that is not in the collection."""

    dense = False

    def outside(self, doc_ids: np.ndarray) -> np.ndarray:
        return np.array([b"d98"])

    def score(self, queries: Sequence[Query], doc_ids: np.ndarray) -> ScoredIds:
        full = super().score(queries, doc_ids).scores
        even = np.array([int(doc_id[1:]) % 2 == 0 for doc_id in doc_ids.tolist()])
        return ScoredIds(csr_array(np.where(even, full, 0)))


class Transposed(Sound):
    def score(self, queries: Sequence[Query], doc_ids: np.ndarray) -> ScoredIds:
        return ScoredIds(super().score(queries, doc_ids).scores.T)


class Infinite(Sound):
    def score(self, queries: Sequence[Query], doc_ids: np.ndarray) -> ScoredIds:
        return ScoredIds(super().score(queries, doc_ids).scores * np.float32(np.inf))


class NotDense(Sparse):
    dense = True


class Inside(Sound):
    def outside(self, doc_ids: np.ndarray) -> np.ndarray:
        return doc_ids[:1]


class Turning(Sound):
    turns = itertools.count(1)

    def score(self, queries: Sequence[Query], doc_ids: np.ndarray) -> ScoredIds:
        return ScoredIds(super().score(queries, doc_ids).scores * np.float32(next(self.turns)))


class Normalised(Sound):
    def score(self, queries: Sequence[Query], doc_ids: np.ndarray) -> ScoredIds:
        scores = super().score(queries, doc_ids).scores
        return ScoredIds(scores / scores.max(axis=0, initial=1))


class ByPosition(Sound):
    def score(self, queries: Sequence[Query], doc_ids: np.ndarray) -> ScoredIds:
        return ScoredIds(np.ones((len(queries), 1), np.float32) * np.arange(len(doc_ids), dtype=np.float32))


class Calling(Sound):
    def score(self, queries: Sequence[Query], doc_ids: np.ndarray) -> ScoredIds:
        with contextlib.suppress(OSError):
            socket.create_connection(("example.invalid", 80))
        return super().score(queries, doc_ids)


OFFENDERS: list[tuple[str, type[Scorer]]] = [
    ("scores_have_their_shape", Transposed),
    ("scores_have_their_shape", Infinite),
    ("scores_have_their_shape", NotDense),
    ("ids_from_outside_are_new", Inside),
    ("the_same_twice", Turning),
    ("queries_do_not_matter_to_each_other", Normalised),
    ("the_order_of_documents_does_not_matter", ByPosition),
    ("it_needs_no_network", Calling),
]


@pytest.mark.filterwarnings("ignore::RuntimeWarning")
@pytest.mark.parametrize(("name", "offender"), OFFENDERS)
def test_a_scorer_that_breaks_a_rule_is_found_out_by_its_check(name: str, offender: type[Scorer]) -> None:
    (check,) = [check for check in model_checks(offender) if str(check) == name]
    assert check.failure() is not None


def test_every_rule_has_a_scorer_that_breaks_it() -> None:
    assert {rule.__name__ for rule in SCORER_RULES} == {name for name, _ in OFFENDERS}


@pytest.mark.parametrize("sound", [Sound, Sparse])
def test_a_sound_scorer_passes_every_check(sound: type[Scorer]) -> None:
    check_model(sound)
