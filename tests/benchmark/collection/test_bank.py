"""The bank never holds a test query (METHODS 3)."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sparsebench.collection.bank import normalised, resolve_bank
from sparsebench.errors import CollectionError
from sparsebench.types import Query, Topics


def topics(**texts: str) -> Topics:
    return Topics(tuple(Query(query_id, text) for query_id, text in texts.items()))


def test_an_equal_id_is_the_same_query_within_one_collection_only() -> None:
    bank, test = topics(q1="cats", q2="dogs"), topics(q1="birds")
    same = resolve_bank(bank, test, same_collection=True)
    assert ([query.query_id for query in same.queries], same.dropped_overlaps) == (["q2"], 1)
    other = resolve_bank(bank, test, same_collection=False)
    assert ([query.query_id for query in other.queries], other.dropped_overlaps) == (["q1", "q2"], 0)


@pytest.mark.parametrize("variant", ["Do CATS purr", "  do cats\u00a0purr ", "ｄｏ cats\tpurr", "DO cats purr"])
@pytest.mark.parametrize("same_collection", [True, False])
def test_an_equal_text_is_the_same_query_in_any_collection(variant: str, same_collection: bool) -> None:
    found = resolve_bank(topics(b1=variant, b2="dogs"), topics(q1="do cats purr"), same_collection=same_collection)
    assert ([query.query_id for query in found.queries], found.dropped_overlaps) == (["b2"], 1)


def test_normalising_folds_case_beyond_lower_case_and_ligatures() -> None:
    assert normalised("Straße ﬁn") == normalised("STRASSE  fin") == "strasse fin"


def test_accents_make_another_query() -> None:
    assert normalised("resumé") != normalised("resume")


def test_a_sample_has_the_asked_size_and_the_banks_order() -> None:
    bank = topics(**{f"q{n:02}": f"text {n}" for n in range(30)})
    found = resolve_bank(bank, topics(t="other"), same_collection=True, size=10, seed=3)
    ids = [query.query_id for query in found.queries]
    assert len(ids) == 10
    assert ids == sorted(ids)
    assert found != resolve_bank(bank, topics(t="other"), same_collection=True, size=10, seed=4)


def test_overlaps_are_dropped_before_the_sample_is_drawn() -> None:
    bank = topics(a="one", b="two", c="three")
    found = resolve_bank(bank, topics(q="two"), same_collection=False, size=2)
    assert [query.query_id for query in found.queries] == ["a", "c"]


def test_a_bank_smaller_than_asked_is_an_error_that_counts() -> None:
    with pytest.raises(CollectionError, match=r"a bank of 2 queries was asked, but 1 of 2 are left .*\(1\)"):
        resolve_bank(topics(a="one", b="two"), topics(q="two"), same_collection=False, size=2)


@pytest.mark.parametrize("bank", [Topics(()), topics(a="Two")])
def test_an_empty_bank_is_an_error(bank: Topics) -> None:
    with pytest.raises(CollectionError, match="at least 1 query"):
        resolve_bank(bank, topics(q="two"), same_collection=False)


texts = st.dictionaries(st.text("abc", min_size=1, max_size=2), st.text("aA ｂ", max_size=3), min_size=1, max_size=9)


@given(texts, texts, st.booleans(), st.integers(0, 9))
def test_no_bank_shares_a_text_or_its_own_collections_id_with_the_test(
    bank: dict[str, str], test: dict[str, str], same: bool, size: int
) -> None:
    try:
        found = resolve_bank(topics(**bank), topics(**test), same_collection=same, size=size)
    except CollectionError:
        return
    assert not {normalised(query.text) for query in found.queries} & {normalised(text) for text in test.values()}
    assert not (same and {query.query_id for query in found.queries} & set(test))
    assert len(found.queries) + found.dropped_overlaps <= len(bank)
