"""Labels of trainings: recipe, factors, seed."""

from __future__ import annotations

from dataclasses import replace

import pytest

from sparsebench.contracts import NotApplicable
from sparsebench_plugins.analyzers.factor_study.trainings import collections, conditions, levels, only_factor, trainings
from studies import study


def test_a_label_says_condition_and_seed_and_other_models_are_none() -> None:
    found = trainings(study(lambda *_: {}).records)
    assert len(found) == 15
    assert (found[0].condition, found[0].seed, sorted(found[0].records)) == (
        "h1[width=100]",
        "0",
        ["captions", "law", "news"],
    )


def test_levels_ascend_and_words_follow_numbers() -> None:
    assert list(levels(trainings(study(lambda *_: {}).records), "width")) == ["20", "100", "all"]


def test_the_training_domain_comes_first() -> None:
    assert next(iter(collections(trainings(study(lambda *_: {}).records)).items())) == ("captions", "in")


def test_only_seeds_that_every_condition_has_are_compared() -> None:
    records = [record for record in study(lambda *_: {}).records if "width=20,seed=3" not in record.cell.model.label]
    assert all(list(of) == ["0", "1", "2", "4"] for of in conditions(trainings(records)).values())


@pytest.mark.parametrize(
    ("options", "factor", "message"),
    [
        ({"levels": ("1", "2")}, "width", "a trend needs three levels, and 'width' has 2"),
        ({"seeds": 2}, "width", "2 seeds are there for every condition; a deviation needs three"),
        ({}, "depth", "a trend needs three levels, and 'depth' has 0"),
    ],
)
def test_what_has_no_trend_is_not_applicable(options: dict, factor: str, message: str) -> None:
    with pytest.raises(NotApplicable, match=message):
        levels(trainings(study(lambda *_: {}, **options).records), factor)


def test_the_factor_need_not_be_named_where_there_is_one() -> None:
    found = trainings(study(lambda *_: {}).records)
    assert only_factor(found) == "width"
    other = replace(found[0], factors={"depth": "2"})
    with pytest.raises(NotApplicable, match="trainings vary width, depth; say which under `factor`"):
        only_factor([*found, other])


def test_a_suite_without_trainings_is_not_applicable() -> None:
    untrained = [record for record in study(lambda *_: {}).records if record.cell.model.label == "bm25"]
    with pytest.raises(NotApplicable, match="no model is a training of a recipe with seeds"):
        trainings(untrained)
