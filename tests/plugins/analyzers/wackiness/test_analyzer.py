"""The analyzer whole, on collections made for one property each."""

from __future__ import annotations

import csv
import io
import json
from dataclasses import replace

import numpy as np
import pytest

from sparsebench.contracts import NotApplicable
from sparsebench.errors import PluginError
from sparsebench.types import Query, Topics
from sparsebench_plugins.analyzers.wackiness import Preset, Wackiness, analyzer

ALL = ("paper_code", "paper_formula", "robust")
PLANTED = [f"planted{i}" for i in range(30)]
COMMON = [f"w{i}" for i in range(300)]


@pytest.fixture
def planted(toy_context):
    """300 words that retrieve themselves and each other; every query also gets 30 planted terms no document has."""
    rng = np.random.default_rng(0)
    texts = [" ".join(rng.choice(COMMON, size=12)) for _ in range(120)]
    texts += [" ".join(COMMON[start::30]) for start in range(30)]
    lexicon = {
        word: {str(term): 0.5 for term in rng.choice(COMMON, size=8)} | dict.fromkeys(PLANTED, 0.25) for word in COMMON
    }
    bank = Topics(tuple(Query(f"b{i}", " ".join(rng.choice(COMMON, size=3))) for i in range(400)))
    words = [*COMMON, *PLANTED, "Upper", "[SEP]"]
    lexicon["w0"] |= {"Upper": 1, "[SEP]": 1}
    bank = Topics(bank.queries + tuple(Query(f"u{i}", f"w0 w{i}") for i in range(1, 9)))
    return toy_context(words, texts, ["w1 w2"], lexicon=lexicon, bank=bank, special=["[SEP]"])


def values_of(context, **parameters):
    return Wackiness(**parameters).analyze(context).values


def tokens_of(context, preset: str, **parameters):
    files = Wackiness(presets=(preset,), **parameters).analyze(context).files
    return list(csv.DictReader(io.StringIO(files[f"{preset}.tokens.csv"])))


def test_planted_dimensions_that_never_occur_have_a_wackiness_of_one(planted):
    for preset in ALL:
        most = tokens_of(planted, preset, scoring_queries="train")[:20]
        assert {row["token"] for row in most} <= set(PLANTED)
        assert {row["wackiness"] for row in most} == {"1.000000"}


def test_only_the_curves_that_are_asked_for_are_kept(planted):
    files = Wackiness(scoring_queries="train", curves=("robust",)).analyze(planted).files
    assert [name for name in files if name.endswith(".curve.csv")] == ["robust.curve.csv"]
    assert sum(name.endswith(".curve.csv") for name in Wackiness(scoring_queries="train").analyze(planted).files) == 3


def test_planted_dimensions_show_in_the_shares(planted):
    values = values_of(planted, scoring_queries="train")
    assert values["share_df0"] == pytest.approx(30 / values["robust"]["n"])
    assert values["share_zero_utility"] > 30 / values["expansion_tokens_per_query"] - 1e-9


def test_special_and_unreachable_dimensions_count_in_the_paper_and_not_in_robust(planted):
    values = values_of(planted, scoring_queries="train")
    assert values["paper_code"]["n"] == values["paper_formula"]["n"] == values["robust"]["n"] + 2


def test_the_values_have_the_stated_keys_and_are_json(planted):
    values = values_of(planted, scoring_queries="train")
    assert values["scoring_queries"] == {"source": "train", "n": 408}
    assert set(values["paper_code"]) == {"w_auc", "reason", "n", "two_sigma"}
    assert set(values["robust"]) == {"w_auc", "reason", "n", "ci"}
    lower, upper = values["robust"]["ci"]
    assert 0 < lower < upper < 1
    assert 0 < values["mass_weighted"] < 1
    assert json.loads(json.dumps(values)) == values


def test_each_preset_has_a_token_table_and_a_curve(planted):
    analysis = Wackiness(scoring_queries="train").analyze(planted)
    files = analysis.files
    kinds = ("tokens.csv", "curve.csv", "curve.svg")
    assert sorted(files) == sorted(f"{preset}.{kind}" for preset in ALL for kind in kinds)
    assert ">wackiness curve, robust<" in files["robust.curve.svg"]
    assert analysis.values["plots"] is None
    assert len(files["robust.curve.csv"].splitlines()) == 1 + values_of(planted, scoring_queries="train")["robust"]["n"]


def test_without_matplotlib_the_curves_are_not_drawn_and_the_values_say_so(planted, monkeypatch):
    monkeypatch.setattr(analyzer, "can_draw", lambda: False)
    analysis = Wackiness(scoring_queries="train").analyze(planted)
    assert not [name for name in analysis.files if name.endswith(".svg")]
    assert "sparsebench[plots]" in analysis.values["plots"]


def test_test_queries_are_not_scored_on_unless_they_are_asked_for(planted):
    leaking = replace(planted, bank=Topics(planted.bank.queries + planted.test.queries))
    assert values_of(leaking, scoring_queries="train") == values_of(planted, scoring_queries="train")


def test_the_same_inputs_give_the_same_bytes(planted):
    parameters = {"scoring_queries": "train", "sample": 300, "seed": 5}
    first, second = (Wackiness(**parameters).analyze(planted) for _ in range(2))
    assert json.dumps(first.values) == json.dumps(second.values)
    assert first.files == second.files


def test_the_seed_draws_other_scoring_queries(planted):
    draws = [values_of(planted, scoring_queries="train", sample=100, seed=seed) for seed in (0, 1)]
    assert draws[0]["scoring_queries"] == draws[1]["scoring_queries"] == {"source": "train", "n": 100}
    assert draws[0]["paper_code"] != draws[1]["paper_code"]


def test_robust_refuses_the_test_queries_and_the_paper_takes_them(planted):
    values = values_of(planted, scoring_queries="test", min_occurrences=1)
    assert values["scoring_queries"]["source"] == "test"
    assert values["paper_code"]["w_auc"] is not None
    assert values["robust"]["w_auc"] is None
    assert values["robust"]["ci"] is None
    assert "test queries" in values["robust"]["reason"]


def test_custom_is_robust_with_what_is_changed(planted):
    same = values_of(planted, scoring_queries="train", presets=("robust",), custom=Preset())
    assert same["custom"] == same["robust"]
    changed = values_of(planted, scoring_queries="train", presets=("robust",), custom=Preset(exclude_unreachable=False))
    assert changed["custom"]["n"] == changed["robust"]["n"] + 1  # "Upper"; "[SEP]" stays excluded as special
    by_max = values_of(planted, scoring_queries="train", presets=(), custom=Preset(normaliser="max"))
    assert "two_sigma" in by_max["custom"]


@pytest.mark.parametrize("source", ["pseudo", "documents"])
def test_the_ranker_qrels_needs_a_source_with_judgments(source: str):
    with pytest.raises(PluginError, match="needs judged scoring queries"):
        Wackiness(ranker="qrels", scoring_queries=source)


def test_other_rankers_read_utility_from_other_documents(planted):
    own, bm25 = (values_of(planted, scoring_queries="train", ranker=ranker) for ranker in ("self", "bm25"))
    assert own["paper_formula"]["n"] == bm25["paper_formula"]["n"]
    assert own["paper_formula"]["w_auc"] != bm25["paper_formula"]["w_auc"]


def test_a_model_that_does_not_expand_queries_is_not_applicable(toy_context):
    context = toy_context(["a"], ["a"], ["a"], expands_queries=False)
    with pytest.raises(NotApplicable, match="does not expand"):
        Wackiness().analyze(context)


def test_queries_without_any_expansion_have_stated_values(toy_context):
    values = values_of(toy_context(["a", "b"], ["a b", "b"], ["a"]), scoring_queries="documents")
    assert values["expansion_tokens_per_query"] == 0
    assert values["share_zero_utility"] is None
    assert values["share_df0"] is None
    assert values["mass_weighted"] is None
    for preset in ALL:
        assert values[preset]["n"] == 0
        assert values[preset]["w_auc"] is None
        assert values[preset]["reason"] == "no expansion token occurs in 4 scoring queries"


def test_tokens_with_too_few_occurrences_have_stated_values_and_no_files(toy_context):
    context = toy_context(["a", "b"], ["a", "a b", "a a"], ["b"], lexicon={"a": {"b": 1}})
    analysis = Wackiness(scoring_queries="documents").analyze(context)
    assert analysis.values["expansion_tokens_per_query"] == pytest.approx(2 / 3)
    assert analysis.values["robust"]["n"] == 0
    assert analysis.files == {}


def test_too_few_tokens_for_robust_still_have_a_table(toy_context):
    context = toy_context(["a", "b"], ["a", "a a", "a a a", "a a a a"], ["b"], lexicon={"a": {"b": 1}})
    analysis = Wackiness(scoring_queries="documents", presets=("robust",)).analyze(context)
    assert analysis.values["robust"]["reason"] == "1 tokens were kept, W-AUC* needs 200"
    assert sorted(analysis.files) == ["robust.tokens.csv"]
