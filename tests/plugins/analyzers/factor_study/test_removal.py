"""factor_removal: the interaction of domains, over training seeds."""

from __future__ import annotations

import pytest
from scipy import stats

from sparsebench.contracts import NotApplicable, SuiteContext
from sparsebench_plugins.analyzers.factor_study.removal import FactorRemoval
from studies import noise, removed, study


def planted(inside: float, deviation: float = 0.001):
    return lambda level, seed, where: removed(
        (inside if where == "captions" else 0.0) + deviation * noise(level, seed, where)
    )


def analyze(context, **parameters):
    return FactorRemoval(**parameters).analyze(context)


def test_harm_in_domain_alone_is_an_interaction() -> None:
    first = analyze(study(planted(-0.02))).values["interactions"][0]
    assert (first["condition"], first["verdict"], first["seeds"]) == ("all conditions", "supported", 5)
    assert first["in_domain"] == pytest.approx(-0.02, abs=0.002)
    assert first["interaction"] == pytest.approx(first["in_domain"] - first["out_of_domain"])


def test_a_relabelled_removal_study_is_found_and_of_several_one_has_to_be_named() -> None:
    def relabelled(level: int, seed: int, where: str, *labels: str) -> dict:
        found = {"analyzer": {"name": "removal"}, **planted(-0.02)(level, seed, where)["removal"]}
        return dict.fromkeys(labels, found)

    once = study(lambda *of: relabelled(*of, "without wacky tokens"))
    assert analyze(once).values == analyze(study(planted(-0.02))).values
    twice = study(lambda *of: relabelled(*of, "one", "two"))
    with pytest.raises(NotApplicable, match="several removal studies; say which by `removal:`: one, two"):
        analyze(twice)
    assert analyze(twice, removal="two").values == analyze(once).values


def test_no_difference_within_the_margin_is_not_supported() -> None:
    assert analyze(study(planted(0.0))).values["interactions"][0]["verdict"] == "not supported"


def test_much_noise_decides_nothing() -> None:
    first = analyze(study(planted(0.0, deviation=0.05))).values["interactions"][0]
    assert first["verdict"] == "not decidable at this scale"
    assert first["detectable"] > 0.005


def test_each_condition_has_its_own_t_test_corrected_among_themselves() -> None:
    values = analyze(study(planted(-0.002))).values["interactions"]
    assert [each["condition"] for each in values[1:]] == ["h1[width=100]", "h1[width=20]", "h1[width=all]"]
    differences = [
        planted(-0.002)(0, seed, "captions")["removal"]["arms"]["wackiest"]["statistic"]
        - sum(planted(-0.002)(0, seed, w)["removal"]["arms"]["wackiest"]["statistic"] for w in ("law", "news")) / 2
        for seed in range(5)
    ]
    assert values[1]["p"] == pytest.approx(stats.ttest_1samp(differences, 0, alternative="less").pvalue)
    assert min(each["p_holm"] for each in values[1:]) == pytest.approx(
        min(1, 3 * min(each["p"] for each in values[1:]))
    )


def test_a_condition_that_was_refused_somewhere_is_left_out_with_the_reason() -> None:
    def plant(level: int, seed: int, where: str):
        if (level, where) == (1, "law"):
            return {"removal": {"not_applicable": "90 tokens were scored, removal needs 200"}}
        return planted(-0.02)(level, seed, where)

    analysis = analyze(study(plant))
    assert analysis.values["left_out"] == {"h1[width=20]": "90 tokens were scored, removal needs 200"}
    assert "Left out: h1[width=20]: 90 tokens were scored" in analysis.summary


def test_one_domain_alone_is_not_applicable() -> None:
    context = study(planted(0.0))
    inside = [record for record in context.records if record.cell.collection.label == "captions"]
    with pytest.raises(NotApplicable, match="an interaction needs collections of both domains"):
        analyze(SuiteContext(inside, context.per_query))
