from __future__ import annotations

from collections import Counter

import pytest

from sparsebench.contracts import NotApplicable
from sparsebench.types import Query, Topics
from sparsebench_plugins.analyzers.wackiness.sample import draw, first_sentence, smallest_hashes


def queries(*texts: str) -> list[Query]:
    return [Query(f"q{i}", text) for i, text in enumerate(texts)]


NUMBERS = queries(*(f"query {i}" for i in range(5000)))


def bank(count: int) -> Topics:
    return Topics(tuple(Query(f"b{i}", f"training query {i}") for i in range(count)), {"b0": {"d0": 1}})


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("The first sentence ends here. The second does not matter.", "The first sentence ends here."),
        ("Dr. Smith went to the hospital. He stayed.", "Dr. Smith went to the hospital."),
        ('She said "that is quite enough." Then she left.', 'She said "that is quite enough."'),
        ("the slipstream of a wing . its lift was measured .", "the slipstream of a wing ."),
        ("Version 2.5 of the method is described in full! Then", "Version 2.5 of the method is described in full!"),
        ("no end of a sentence anywhere", "no end of a sentence anywhere"),
        ("  Short. ", "Short."),
        ("稀疏检索模型使用词汇表中的词来表示文档和查询。第二句话。", "稀疏检索模型使用词汇表中的词来表示文档和查询。"),
        ("", ""),
    ],
)
def test_the_first_sentence(text: str, expected: str):
    assert first_sentence(text) == expected


def test_a_sample_depends_on_the_seed_and_not_on_the_order_of_the_candidates():
    drawn = smallest_hashes(NUMBERS, size=10, seed=3)
    assert len(drawn) == 10
    assert smallest_hashes(reversed(NUMBERS), size=10, seed=3) == drawn
    assert smallest_hashes(NUMBERS, size=10, seed=4) != drawn


def test_a_smaller_sample_is_the_start_of_a_larger_one():
    assert smallest_hashes(NUMBERS, size=10, seed=0) == smallest_hashes(NUMBERS, size=100, seed=0)[:10]


def test_every_candidate_is_about_as_likely():
    drawn = Counter(query.query_id for seed in range(400) for query in smallest_hashes(NUMBERS[:8], size=4, seed=seed))
    assert set(drawn) == {query.query_id for query in NUMBERS[:8]}
    assert all(150 < count < 250 for count in drawn.values())  # 200 expected, standard deviation 10


def test_of_equal_texts_the_first_query_stands_and_empty_ones_are_left_out():
    drawn = smallest_hashes(queries("a", "b", "a", "", "  "), size=10, seed=0)
    assert sorted(query.query_id for query in drawn) == ["q0", "q1"]


def test_duplicates_are_one_however_far_apart_they_are():
    assert smallest_hashes(NUMBERS * 3, size=20, seed=1) == smallest_hashes(NUMBERS, size=20, seed=1)


def test_auto_takes_training_queries_where_there_are_a_thousand(toy_context):
    enough = toy_context(["a"], ["a"], ["a"], bank=bank(1000))
    assert draw(enough, choice="auto", size=5, seed=0).source == "train"


@pytest.mark.parametrize("few", [None, bank(999), Topics(bank(600).queries * 2)])
def test_auto_takes_pseudo_queries_elsewhere(toy_context, few: Topics | None):
    context = toy_context(["a"], ["a first sentence of a document. rest"], ["a"], bank=few)
    scoring = draw(context, choice="auto", size=5, seed=0)
    assert (scoring.source, scoring.texts, scoring.qrels) == ("pseudo", ["a first sentence of a document."], {})


def test_training_queries_carry_their_judgments(toy_context):
    scoring = draw(toy_context(["a"], ["a"], ["a"], bank=bank(3)), choice="train", size=2, seed=0)
    assert len(scoring.queries) == 2
    assert scoring.qrels == {"b0": {"d0": 1}}


def test_documents_and_test_queries_can_be_scoring_queries(toy_context):
    context = toy_context(["a"], ["long text. more text."], ["test query"])
    assert draw(context, choice="documents", size=5, seed=0).texts == ["long text. more text."]
    assert draw(context, choice="test", size=5, seed=0).texts == ["test query"]


def test_training_queries_that_do_not_exist_are_not_applicable_and_the_way_out_is_named(toy_context):
    with pytest.raises(NotApplicable, match="no bank; name one under `bank:`, or use scoring_queries: pseudo"):
        draw(toy_context(["a"], ["a"], ["a"]), choice="train", size=5, seed=0)


def test_a_collection_of_empty_documents_has_no_pseudo_query(toy_context):
    with pytest.raises(NotApplicable, match="toy: no scoring query with a text comes from 'pseudo'"):
        draw(toy_context(["a"], ["", " "], ["a"]), choice="pseudo", size=5, seed=0)
