"""Choosing among queries."""

from __future__ import annotations

import hashlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sparsebench.collection.topics import empty_queries, folds, hash_split, judged, limit, topics_digest
from sparsebench.types import Qrels, Query, Topics


def topics(*query_ids: str, qrels: Qrels | None = None) -> Topics:
    found = {i: {"d": 1} for i in query_ids} if qrels is None else qrels
    return Topics(tuple(Query(i, f"text {i}") for i in query_ids), found)


def ids(of: Topics) -> list[str]:
    return [query.query_id for query in of.queries]


HUNDRED = topics(*map(str, range(100)))
query_ids = st.lists(st.text(alphabet="abc123", min_size=1, max_size=4), unique=True, max_size=30)


def test_a_sample_is_the_first_by_hash_in_the_old_order() -> None:
    ranked = sorted(map(str, range(100)), key=lambda i: hashlib.sha256(f"7:{i}".encode()).hexdigest())
    assert ids(limit(HUNDRED, 5, seed=7)) == sorted(ranked[:5], key=int)


@given(query_ids, st.integers(0, 40), st.integers(0, 40))
def test_a_smaller_sample_is_part_of_a_larger_one(of: list[str], a: int, b: int) -> None:
    small, large = sorted((a, b))
    assert set(ids(limit(topics(*of), small))) <= set(ids(limit(topics(*of), large)))
    assert len(ids(limit(topics(*of), large))) == min(large, len(of))


def test_a_sample_keeps_only_its_own_judgments() -> None:
    sample = limit(HUNDRED, 3)
    assert list(sample.qrels) == ids(sample)


@given(query_ids, st.floats(0, 1), st.integers(0, 3))
def test_a_split_loses_no_query_and_repeats_none(of: list[str], share: float, seed: int) -> None:
    dev, rest = hash_split(topics(*of), share=share, seed=seed)
    assert sorted(ids(dev) + ids(rest)) == sorted(of)


@given(query_ids, query_ids)
def test_adding_queries_moves_no_other_between_the_parts(old: list[str], new: list[str]) -> None:
    before = hash_split(topics(*old), share=0.4, seed=1)
    after = hash_split(topics(*dict.fromkeys(old + new)), share=0.4, seed=1)
    assert set(ids(before.dev)) <= set(ids(after.dev))
    assert set(ids(before.rest)) <= set(ids(after.rest))


def test_a_split_takes_about_its_share_and_all_or_none_at_the_ends() -> None:
    many = topics(*map(str, range(2000)))
    assert len(hash_split(many, share=0.2, seed=0).dev.queries) == pytest.approx(400, abs=55)  # 3 sigma
    assert hash_split(HUNDRED, share=1.0, seed=0).dev == HUNDRED
    assert hash_split(HUNDRED, share=0.0, seed=0).rest == HUNDRED


def test_another_seed_gives_another_split() -> None:
    assert hash_split(HUNDRED, share=0.5, seed=0) != hash_split(HUNDRED, share=0.5, seed=1)


@given(query_ids, st.integers(1, 7))
def test_folds_part_the_queries_evenly(of: list[str], n: int) -> None:
    parts = folds(topics(*of), n, seed=0)
    sizes = [len(part.queries) for part in parts]
    assert sorted(i for part in parts for i in ids(part)) == sorted(of)
    assert len(parts) == n
    assert max(sizes) - min(sizes) <= 1


def test_only_queries_with_a_relevant_document_are_measured_and_the_others_counted() -> None:
    qrels = {"q1": {"d1": 0, "d2": 1}, "q2": {"d1": 0}, "q3": {"d1": -1}, "q5": {}}
    kept, left_out = judged(topics("q1", "q2", "q3", "q4", "q5", qrels=qrels))
    assert ids(kept) == ["q1"]
    assert kept.qrels == {"q1": {"d1": 0, "d2": 1}}
    assert left_out == {"queries_unjudged": 2, "queries_without_relevant": 2}


def test_empty_queries_are_counted() -> None:
    assert empty_queries(Topics((Query("1", ""), Query("2", " \t"), Query("3", "cats")))) == 2


def test_the_digest_tells_queries_texts_order_and_grades_apart() -> None:
    qrels = {"a": {"d": 1, "e": 0}, "b": {"d": 2}}
    different = [
        topics("a", "b", qrels=qrels),
        topics("b", "a", qrels=qrels),
        topics("a", "b", qrels={}),
        topics("a", "b", qrels=qrels | {"b": {"d": 1}}),
        topics("a", qrels=qrels),
        Topics((Query("a", "text b"), Query("b", "text b")), qrels),
        Topics((Query("at", "ext a"), Query("b", "text b")), qrels),
    ]
    assert len({topics_digest(each) for each in different}) == len(different)


def test_the_digest_does_not_depend_on_the_order_of_judgments() -> None:
    one = topics("a", "b", qrels={"a": {"d": 1, "e": 0}, "b": {"d": 2}})
    other = topics("a", "b", qrels={"b": {"d": 2}, "a": {"e": 0, "d": 1}})
    assert topics_digest(one) == topics_digest(other)
