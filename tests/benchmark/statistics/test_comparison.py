from __future__ import annotations

import json
import subprocess
import sys
from dataclasses import asdict

import numpy as np
import pytest

from sparsebench.errors import ScoreError
from sparsebench.statistics import (
    Cell,
    Comparison,
    Contrast,
    Settings,
    compare,
    effect_size,
    equivalence_p,
    holm,
    macro_interval,
    mean_interval,
    minimal_detectable_difference,
    paired_t_p,
    sign_flip_p,
    step_down_p,
)

QUICK = Settings(flips=199, most_flips=199, resamples=199)
MEASURES = {"web": "nDCG@10", "science": "nDCG@10"}
Values = dict[str, dict[str, dict[str, float]]]


def per_query(mean: float, n: int, seed: int) -> dict[str, float]:
    values = np.random.default_rng(seed).normal(mean, 0.1, size=n)
    return {f"q{position}": float(value) for position, value in enumerate(values)}


@pytest.fixture
def values() -> Values:
    means = {"bm25+none": (0.4, 0.5), "splade+none": (0.6, 0.5), "splade+dsl": (0.61, 0.45)}
    return {
        system: {"web": per_query(web, 60, seed), "science": per_query(science, 20, seed + 10)}
        for seed, (system, (web, science)) in enumerate(means.items())
    }


def find(comparison: Comparison, system: str, collection: str) -> Cell:
    (cell,) = [cell for cell in comparison.cells if (cell.system, cell.collection) == (system, collection)]
    return cell


def contrast(comparison: Comparison, system: str, collection: str) -> Contrast:
    found = find(comparison, system, collection).contrast
    assert found is not None
    return found


def test_a_row_holds_what_each_function_says_of_its_differences(values: Values) -> None:
    settings = Settings(flips=199, most_flips=199, resamples=199, margin=0.05, seed=3)
    found = compare(values, baseline="bm25+none", measures=MEASURES, settings=settings)
    x, y = (np.array([values[system]["web"][f"q{i}"] for i in range(60)]) for system in ("splade+none", "bm25+none"))
    cell, row = find(found, "splade+none", "web"), contrast(found, "splade+none", "web")
    assert (cell.n, cell.mean) == (60, pytest.approx(x.mean()))
    assert cell.interval == mean_interval(x, resamples=199, seed=3)
    assert row.difference == pytest.approx(x.mean() - y.mean())
    assert row.interval == mean_interval(x - y, resamples=199, seed=3)
    assert row.p_sign_flip == sign_flip_p(x - y, flips=199, seed=3)
    assert row.p_t == pytest.approx(paired_t_p(x - y))
    assert row.effect_size == pytest.approx(effect_size(x - y))
    assert row.detectable == pytest.approx(minimal_detectable_difference(x - y))
    assert row.p_equivalence == pytest.approx(equivalence_p(x - y, margin=0.05))


def test_the_family_is_every_row_against_the_baseline_over_all_collections(values: Values) -> None:
    found = compare(values, baseline="bm25+none", measures=MEASURES, settings=QUICK)
    rows = [cell.contrast for cell in found.cells if cell.contrast]
    assert found.family == len(rows) == 4
    raw, corrected = (np.array([getattr(row, name) for row in rows]) for name in ("p_sign_flip", "p_holm"))
    np.testing.assert_array_equal(corrected, holm(raw))
    assert (corrected > raw).any()


def test_the_baseline_is_compared_with_nothing(values: Values) -> None:
    found = compare(values, baseline="splade+none", measures=MEASURES, settings=QUICK)
    assert find(found, "splade+none", "web").contrast is None
    assert contrast(found, "bm25+none", "web").difference < 0


def test_ranks_are_shared_by_systems_that_cannot_be_told_apart(values: Values) -> None:
    found = compare(values, baseline="bm25+none", measures=MEASURES, settings=QUICK)
    ranks = {cell.system: cell.rank for cell in found.cells if cell.collection == "web"}
    assert ranks == {"splade+none": 1, "splade+dsl": 1, "bm25+none": 3}
    (web, _) = found.all_pairs
    arrays = np.array([list(values[system]["web"].values()) for system in web.systems])
    assert web.p[0][1] == step_down_p(arrays, flips=199)[0, 1] <= 0.05 < web.p[1][2]


def test_of_ranks_of_the_first_relevant_document_the_smaller_is_better(values: Values) -> None:
    found = compare(values, baseline="bm25+none", measures={"web": "MnR"}, settings=QUICK)
    assert {cell.system: cell.rank for cell in found.cells} == {"bm25+none": 1, "splade+none": 2, "splade+dsl": 2}


def test_macro_averages_are_over_systems_that_have_every_collection(values: Values) -> None:
    del values["splade+dsl"]["science"]
    groups = {"mean": ["web", "science"]}
    found = compare(values, baseline="bm25+none", measures=MEASURES, groups=groups, settings=QUICK)
    baseline, splade = found.macro_averages
    samples = [np.array(list(of.values())) for of in values["splade+none"].values()]
    assert (splade.system, splade.mean) == ("splade+none", pytest.approx(np.mean([of.mean() for of in samples])))
    assert splade.interval is not None
    assert splade.interval.method == "percentile"
    assert splade.interval == macro_interval(samples, resamples=199)
    assert splade.difference == pytest.approx(splade.mean - baseline.mean)
    assert (baseline.difference, baseline.difference_interval) == (None, None)


def test_a_collection_that_the_baseline_lacks_has_means_and_no_tests(values: Values) -> None:
    del values["bm25+none"]["science"]
    found = compare(values, baseline="bm25+none", measures=MEASURES, settings=QUICK)
    assert find(found, "splade+none", "science").contrast is None
    assert find(found, "splade+none", "science").mean == pytest.approx(0.5, abs=0.1)
    assert found.family == 2


def test_neither_the_order_of_systems_nor_of_queries_changes_a_figure(values: Values) -> None:
    turned = {
        system: {name: dict(reversed(of.items())) for name, of in found.items()}
        for system, found in reversed(values.items())
    }
    groups = {"mean": ["web", "science"]}
    here, there = (
        compare(given, baseline="bm25+none", measures=MEASURES, groups=groups, settings=QUICK)
        for given in (values, turned)
    )
    assert set(here.cells) == set(there.cells)
    assert set(here.macro_averages) == set(there.macro_averages)


def test_everything_becomes_json(values: Values) -> None:
    values["short"] = {"web": values["bm25+none"]["web"]}
    found = compare(values, baseline="bm25+none", measures=MEASURES, settings=QUICK)
    back = json.loads(json.dumps(asdict(found), allow_nan=False))
    assert back["cells"][0]["interval"]["method"] == "BCa"
    assert back["settings"]["flips"] == 199
    assert contrast(found, "short", "web") == Contrast(
        0.0, contrast(found, "short", "web").interval, 1.0, 1.0, None, None, None, None, 199, False
    )


def test_a_single_query_is_compared_without_intervals() -> None:
    values = {"a": {"web": {"q1": 0.5}}, "b": {"web": {"q1": 0.7}}}
    row = contrast(compare(values, baseline="a", measures=MEASURES), "b", "web")
    assert (row.difference, row.p_sign_flip, row.interval, row.p_t) == (pytest.approx(0.2), 1.0, None, None)


def test_missing_queries_are_named(values: Values) -> None:
    for query_id in list(values["splade+none"]["web"])[:7]:
        del values["splade+none"]["web"][query_id]
    message = r"splade\+none lacks 7 of the queries that bm25\+none has on web: q0, q1, q2, q3, q4 and 2 more\. .*same"
    with pytest.raises(ScoreError, match=message):
        compare(values, baseline="bm25+none", measures=MEASURES)
    with pytest.raises(ScoreError, match=r"splade\+none lacks 7 of the queries that splade\+dsl has"):
        compare(values, baseline="splade+dsl", measures=MEASURES)
    with pytest.raises(ScoreError, match=r"splade\+none lacks 7 of the queries that bm25\+none has"):
        compare(values, baseline="splade+none", measures=MEASURES)


def test_values_that_are_no_numbers_and_empty_collections_are_refused(values: Values) -> None:
    values["splade+dsl"]["web"]["q3"] = float("nan")
    with pytest.raises(ScoreError, match=r"splade\+dsl on web: 1 values are not finite numbers, of q3"):
        compare(values, baseline="bm25+none", measures=MEASURES)
    with pytest.raises(ScoreError, match="a has no queries on web"):
        compare({"a": {"web": {}}}, baseline="a", measures=MEASURES)


def test_an_unknown_baseline_says_what_there_is(values: Values) -> None:
    with pytest.raises(ScoreError, match=r"'bm52\+none' is none of the systems. Did you mean 'bm25\+none'\?"):
        compare(values, baseline="bm52+none", measures=MEASURES)


def test_importing_statistics_is_free() -> None:
    script = "import sys, sparsebench.statistics; sys.exit(bool({'scipy', 'torch', 'pandas'} & set(sys.modules)))"
    assert subprocess.run([sys.executable, "-c", script], check=False).returncode == 0
