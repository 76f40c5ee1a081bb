"""measure.py: values that can be checked by hand, names in every spelling, published figures as the oracle."""

from __future__ import annotations

import subprocess
import sys
from math import log2
from pathlib import Path

import pytest
import pytrec_eval
from hypothesis import given
from hypothesis import strategies as st

from sparsebench.errors import ScoreError, SuiteError
from sparsebench.measures import aggregate, canonical, check_measure_name, deepest_cutoff, is_mean, measure
from sparsebench.rank import read_trec

QRELS = {"q1": {"a": 2, "b": 1, "c": 0}, "q2": {"z": 1}}
RUN = {"q1": {"c": 3.0, "a": 2.0, "x": 1.0}}


def test_values_by_hand() -> None:
    names = ["nDCG@10", "RR@10", "R@100", "P@2", "Judged@10", "MnR"]
    found = {name: values["q1"] for name, values in measure(RUN, QRELS, names).items()}
    assert found == pytest.approx(
        {
            "nDCG@10": (2 / log2(3)) / (2 + 1 / log2(3)),
            "RR@10": 1 / 2,
            "R@100": 1 / 2,
            "P@2": 1 / 2,
            "Judged@10": 2 / 3,
            "MnR": 2.0,
        }
    )


@pytest.mark.parametrize("run", [RUN, RUN | {"q2": {}}], ids=["absent from the run", "with no results"])
@pytest.mark.parametrize("name", ["nDCG@10", "RR@10", "R@100", "AP", "Judged@10"])
def test_a_query_without_results_counts_as_zero(run: dict[str, dict[str, float]], name: str) -> None:
    assert measure(run, QRELS, [name])[name]["q2"] == 0


def test_a_run_without_any_result_is_measured() -> None:
    assert measure({}, QRELS, ["nDCG@10", "AP"]) == {name: {"q1": 0, "q2": 0} for name in ("nDCG@10", "AP")}


def test_queries_of_the_run_that_nobody_judged_do_not_count() -> None:
    values = measure(RUN | {"q9": {"a": 1.0}}, QRELS, ["nDCG@10", "MnR"], depth=3)
    assert all(set(of_query) == {"q1", "q2"} for of_query in values.values())


def test_a_grade_below_the_level_is_not_relevant() -> None:
    values = measure({"q1": {"b": 2.0, "a": 1.0}}, QRELS, ["RR@10", "RR(rel=2)@10", "R(rel=2)@10"])
    assert [values[name]["q1"] for name in values] == [1.0, 0.5, 1.0]


def test_a_negative_grade_is_not_relevant_and_no_gain() -> None:
    values = measure({"q": {"a": 2.0, "b": 1.0}}, {"q": {"a": -1, "b": 1}}, ["nDCG@10", "RR@10", "MnR"])
    assert [values[name]["q"] for name in values] == pytest.approx([1 / log2(3), 0.5, 2.0])


@pytest.mark.parametrize("names", [["RR"], ["RR@10"], ["MnR"], ["nDCG@1"], ["Judged@1"]])
def test_every_measure_sees_ties_in_the_same_order(names: list[str]) -> None:
    tied = {"q": {"a": 1.0, "b": 1.0, "c": 1.0}}
    assert measure(tied, {"q": {"c": 1}}, names)[names[0]]["q"] == 1.0
    assert measure(tied, {"q": {"a": 1}}, ["RR", "RR@10"]) == {name: {"q": 1 / 3} for name in ("RR", "RR@10")}


def test_scores_equal_as_float32_keep_the_order_of_their_float64() -> None:
    run = {"q": {"a": 1.0 + 1e-12, "b": 1.0}}
    assert measure(run, {"q": {"a": 1}}, ["RR", "RR@10"]) == {"RR": {"q": 1.0}, "RR@10": {"q": 1.0}}


def test_mean_and_median_rank_of_the_first_relevant_document() -> None:
    qrels = {"1": {"a": 1}, "2": {"b": 1, "c": 2}, "3": {"a": 0, "x": 1}}
    hits = {"a": 4.0, "b": 3.0, "c": 2.0, "d": 1.0}
    values = measure(dict.fromkeys(qrels, hits), qrels, ["MnR", "MdR"])
    assert values == {"MnR": {"1": 1.0, "2": 2.0, "3": 5.0}, "MdR": {"1": 1.0, "2": 2.0, "3": 5.0}}
    assert aggregate(values) == {"MnR": pytest.approx(8 / 3), "MdR": 2.0}


def test_what_was_not_found_has_the_rank_after_the_depth() -> None:
    assert measure({"q1": {"x": 1.0}}, QRELS, ["MnR"], depth=1000)["MnR"] == {"q1": 1001.0, "q2": 1001.0}


def test_first_ranks_of_a_run_that_found_nothing_need_the_depth() -> None:
    with pytest.raises(ScoreError, match="depth"):
        measure({}, QRELS, ["MnR"])
    assert measure({}, QRELS, ["MdR"], depth=10)["MdR"] == {"q1": 11.0, "q2": 11.0}


def test_counts_are_summed_and_all_else_is_averaged() -> None:
    values = measure(RUN | {"q2": {"z": 1.0}}, QRELS, ["NumRet", "RR@10"])
    assert aggregate(values) == {"NumRet": 4.0, "RR@10": 0.75}


def test_the_mean_does_not_depend_on_the_order_of_queries() -> None:
    values = {str(n): 0.1 * n for n in range(50)}
    backwards = dict(reversed(values.items()))
    assert aggregate({"nDCG@10": values}) == aggregate({"nDCG@10": backwards})


grades = st.dictionaries(st.sampled_from("abcdefgh"), st.integers(0, 3), min_size=1)
scores = st.dictionaries(st.sampled_from("abcdefgh"), st.sampled_from([0.0, 0.25, 0.5, 1.0]), min_size=1)


@given(grades, scores)
def test_values_equal_those_of_trec_eval_on_the_tied_run(judged: dict[str, int], hits: dict[str, float]) -> None:
    ours = measure({"1": hits}, {"1": judged}, ["nDCG@5", "AP", "RR", "RR@10", "P@5", "R@5"])
    names = {"ndcg_cut_5", "map", "recip_rank", "P_5", "recall_5"}
    theirs = pytrec_eval.RelevanceEvaluator({"1": judged}, names).evaluate({"1": hits})["1"]
    assert ours["nDCG@5"]["1"] == pytest.approx(theirs["ndcg_cut_5"])
    assert ours["AP"]["1"] == pytest.approx(theirs["map"])
    assert ours["RR"]["1"] == ours["RR@10"]["1"] == pytest.approx(theirs["recip_rank"])
    assert ours["P@5"]["1"] == pytest.approx(theirs["P_5"])
    assert ours["R@5"]["1"] == pytest.approx(theirs["recall_5"])


@pytest.mark.parametrize(
    ("spelling", "name"),
    [
        ("nDCG@10", "nDCG@10"),
        ("NDCG@10", "nDCG@10"),
        ("ndcg@10", "nDCG@10"),
        ("ndcg_at_10", "nDCG@10"),
        ("ndcg_cut_10", "nDCG@10"),
        ("recall_at_100", "R@100"),
        ("recall_100", "R@100"),
        ("mrr_at_10", "RR@10"),
        ("MRR@10", "RR@10"),
        ("recip_rank", "RR"),
        ("map", "AP"),
        ("MAP@100", "AP@100"),
        ("P_10", "P@10"),
        ("precision_at_5", "P@5"),
        ("RR(rel=2)", "RR(rel=2)"),
        ("r(rel=2)@1000", "R(rel=2)@1000"),
        ("NumRelRet", "NumRet(rel=1)"),
        ("MnR", "MnR"),
        ("MdR", "MdR"),
    ],
)
def test_every_spelling_of_the_field_is_printed_as_ir_measures_does(spelling: str, name: str) -> None:
    assert check_measure_name(spelling) is None
    assert canonical(spelling) == name
    assert canonical(name) == name


def test_values_are_keyed_by_the_name_that_was_asked() -> None:
    values = measure(RUN, QRELS, ["map", "AP"])
    assert set(values) == {"map", "AP"}
    assert values["map"] == values["AP"]


@pytest.mark.parametrize(
    ("name", "hint"),
    [
        ("nDGC@10", "Did you mean 'nDCG@10'?"),
        ("recal@100", "Did you mean 'Recall@100'?"),
        ("R", "cutoff (required)"),
        ("P", "cutoff (required)"),
        ("official", "There is: AP@1000"),
        ("nDCG(foo=1)@3", "with cutoff, dcg, gains, judged_only"),
        ("nDCG@10.5", "with cutoff"),
        ("nDCG@", "with cutoff"),
        ("R@0", "at least 1"),
        ("", "There is: AP@1000"),
        ("__import__('os')", "unknown measure"),
        ("alpha_nDCG@10", "pip install ir-measures[pyndeval]"),
    ],
)
def test_a_name_that_cannot_be_measured_says_what_to_write(name: str, hint: str) -> None:
    message = check_measure_name(name)
    assert message is not None
    assert repr(name) in message
    assert hint in message


def test_an_unknown_name_is_an_error_a_user_can_fix() -> None:
    with pytest.raises(SuiteError, match="Did you mean 'nDCG@10'"):
        canonical("nDGC@10")


def test_the_deepest_cutoff_is_over_all_measures_that_cut() -> None:
    assert deepest_cutoff(["nDCG@10", "R(rel=2)@100", "AP", "MnR"]) == 100
    assert deepest_cutoff(["AP", "MdR"]) == 0


@pytest.mark.parametrize(
    ("system", "year", "published"),
    [
        ("BM25", 19, 0.5058),
        ("BM25", 20, 0.4796),
        ("SPLADE_P_P_ENSEMBLE_DISTIL", 19, 0.7308),
        ("SPLADE_P_P_ENSEMBLE_DISTIL", 20, 0.7197),
    ],
)
def test_published_runs_get_their_published_figure(shared_dir: Path, system: str, year: int, published: float) -> None:
    folder = shared_dir / "data" / "msmarco_dl"
    qrels: dict[str, dict[str, int]] = {}
    for line in (folder / "original" / f"qrels.dl{year}-passage.txt").read_text().splitlines():
        query_id, _, doc_id, grade = line.split()
        qrels.setdefault(query_id, {})[doc_id] = int(grade)
    run = read_trec(folder / "runs" / f"{system}.dl{year}.top100.txt")
    assert round(aggregate(measure(run, qrels, ["nDCG@10"]))["nDCG@10"], 4) == published


def test_importing_it_imports_neither_ir_measures_nor_torch() -> None:
    code = "import sys, sparsebench.measures; print({'ir_measures', 'torch', 'scipy'} & set(sys.modules))"
    done = subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True)
    assert done.stdout.strip() == "set()"


def test_what_is_no_mean_is_known_without_ir_measures_and_is_what_ir_measures_sums() -> None:
    import ir_measures

    summed = {
        name
        for name, found in ir_measures.measures.registry.items()
        if not any(of.required for of in found.SUPPORTED_PARAMS.values())
        if isinstance(found().aggregator(), ir_measures.SumAgg)
    }
    assert summed == {name for name in ir_measures.measures.registry if not is_mean(name)}
    assert [is_mean(name) for name in ("MnR", "MdR", "NumRel(rel=2)", "nDCG@10")] == [True, False, False, True]
