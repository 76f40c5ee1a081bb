"""factor_trend finds what was planted, and says so where it cannot tell."""

from __future__ import annotations

import json

import pytest
from scipy import stats

from sparsebench.contracts import NotApplicable
from sparsebench_plugins.analyzers.factor_study.trend import FactorTrend
from studies import noise, study, wacky

ORDER = {0: 1, 1: 0, 2: 2}
"""Place of the levels "100", "20", "all" from smallest to largest."""


def planted(step: float, deviation: float):
    return lambda level, seed, where: wacky(robust=0.8 + step * ORDER[level] + deviation * noise(level, seed, where))


def analyze(context, **changes):
    return FactorTrend(**{"factor": "width"} | changes).analyze(context)


def test_a_rise_that_was_planted_is_found_and_measured() -> None:
    values = analyze(study(planted(0.01, 0.001))).values
    first = values["trends"][0]
    assert (values["levels"], first["verdict"], first["collection"]) == (["20", "100", "all"], "supported", "captions")
    assert first["change"] == pytest.approx(0.02, abs=0.002)
    assert first["interval"][0] < 0.02 < first["interval"][1]
    assert json.loads(json.dumps(values)) == values or first["seeds"] == 5


def test_a_rise_is_no_support_for_a_fall() -> None:
    first = analyze(study(planted(0.01, 0.001)), direction="falls").values["trends"][0]
    assert (first["verdict"], first["seeds_for_change"]) == ("not supported", None)
    assert first["p"] > 0.95


def test_noise_larger_than_the_margin_decides_nothing() -> None:
    first = analyze(study(planted(0.0, 0.03))).values["trends"][0]
    assert first["verdict"] == "not decidable at this scale"
    assert first["detectable"] > 0.006
    assert first["seeds_for_margin"] is None or first["seeds_for_margin"] > 5


def test_a_rise_that_is_sure_and_smaller_than_matters_says_both() -> None:
    first = analyze(study(planted(0.001, 0.0003))).values["trends"][0]
    assert first["p"] < 0.05
    assert first["verdict"] == "supported, but less than matters"


def test_no_change_within_the_margin_is_not_supported() -> None:
    assert analyze(study(planted(0.0, 0.0005))).values["trends"][0]["verdict"] == "not supported"


def test_every_definition_and_collection_is_tested_with_holms_correction() -> None:
    def plant(level: int, seed: int, where: str):
        return wacky(paper=0.9 + 0.01 * noise(level, seed, where), robust=0.8 + 0.01 * noise(level, seed + 9, where))

    trends = analyze(study(plant)).values["trends"]
    assert [(trend["outcome"], trend["collection"]) for trend in trends] == [
        (outcome, where)
        for outcome in ("wackiness: robust", "wackiness: paper")
        for where in ("captions", "news", "law")
    ]
    smallest = min(trends, key=lambda trend: trend["p"])
    assert smallest["p_holm"] == pytest.approx(min(1, 6 * smallest["p"]))


def test_a_definition_without_a_value_somewhere_is_left_out_there() -> None:
    def plant(level: int, seed: int, where: str):
        return wacky(robust=0.8, paper=None if (level, seed, where) == (1, 2, "law") else 0.9)

    trends = analyze(study(plant)).values["trends"]
    assert ("wackiness: paper", "law") not in {(trend["outcome"], trend["collection"]) for trend in trends}


def test_a_declared_outcome_without_values_is_not_applicable() -> None:
    with pytest.raises(NotApplicable, match="'wackiness: robust' has no value for every training on captions"):
        analyze(study(lambda *_: wacky(paper=0.9)), outcome="wackiness: robust")


def test_the_declared_outcome_is_by_default_the_first_robust_one_whatever_its_label() -> None:
    def plant(level: int, seed: int, where: str) -> dict:
        found = planted(0.01, 0.001)(level, seed, where)["wackiness"]
        return {"of itself": {"paper_code": found["robust"]}, "by bm25": found}

    assert analyze(study(plant)).values["declared"] == {"outcome": "by bm25: robust", "collection": "captions"}


def test_the_summary_begins_with_the_verdict_and_shows_what_goes_along() -> None:
    analysis = analyze(study(planted(0.01, 0.001)))
    assert analysis.summary.startswith("**Supported**: W-AUC (wackiness: robust, captions) rises with width.")
    row = next(line for line in analysis.summary.splitlines() if line.startswith("| captions") and " 20 " in line)
    assert [cell.strip() for cell in row.split("|")[4:-1]] == [
        "300 ± 0",
        "0.5000 ± 0.0000",
        "12.0 ± 0.0",
        "50.0 ± 0.0",
    ]


def test_the_figure_is_the_same_bytes_again() -> None:
    pytest.importorskip("matplotlib")
    first, second = (analyze(study(planted(0.01, 0.001))).files["trend.svg"] for _ in range(2))
    assert first == second
    assert "L0 of a document" in first


def test_p_is_scipys() -> None:
    trend = analyze(study(planted(0.001, 0.001))).values["trends"][0]
    values = [
        [planted(0.001, 0.001)(level, seed, "captions")["wackiness"]["robust"]["w_auc"] for level in (1, 0, 2)]
        for seed in range(5)
    ]
    assert trend["p"] == pytest.approx(stats.page_trend_test(values, method="exact").pvalue)
