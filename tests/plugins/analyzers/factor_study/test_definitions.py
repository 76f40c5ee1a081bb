"""factor_definitions: whether definitions order conditions alike."""

from __future__ import annotations

import pytest

from sparsebench.contracts import NotApplicable
from sparsebench_plugins.analyzers.factor_study.definitions import FactorDefinitions
from studies import noise, study, wacky

LEVELS = ("1", "2", "3", "4", "5")


def analyze(context):
    return FactorDefinitions().analyze(context)


def planted(sign: int, deviation: float):
    def plant(level: int, seed: int, where: str):
        return wacky(robust=0.5 + 0.05 * level, paper=0.9 + sign * 0.01 * level + deviation * noise(level, seed, where))

    return plant


def test_definitions_that_order_alike_are_robust() -> None:
    values = analyze(study(planted(+1, 0.0), LEVELS)).values
    assert values["verdict"] == "supported"
    assert [each["definition"] for each in values["agreements"]] == ["wackiness: paper"] * 3
    assert [each["tau"] for each in values["agreements"]] == pytest.approx([1, 1, 1])


def test_definitions_that_order_the_other_way_are_not() -> None:
    values = analyze(study(planted(-1, 0.0), LEVELS)).values
    assert (values["verdict"], values["share"]) == ("not supported", {"above": 0, "below": 3, "across": 0})
    assert values["agreements"][0]["tau"] == pytest.approx(-1)


def test_seeds_that_disagree_decide_nothing_and_show_it() -> None:
    values = analyze(study(planted(+1, 0.02), LEVELS)).values
    assert values["verdict"] == "not decidable at this scale"
    assert values["agreements"][0]["between_seeds"] < 0.7


def test_one_definition_alone_is_not_applicable() -> None:
    with pytest.raises(NotApplicable, match="no two definitions"):
        analyze(study(lambda level, *_: wacky(robust=0.1 * level)))


def test_the_summary_has_the_values_that_are_ordered() -> None:
    summary = analyze(study(planted(+1, 0.0), LEVELS)).summary
    assert summary.startswith("**Supported**: the order of 5 conditions is the same whatever the definition.")
    assert "| h1[width=3] | 0.6000              | 0.9200             |" in summary
