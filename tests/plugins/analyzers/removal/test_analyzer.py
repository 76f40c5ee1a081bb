"""The analyzer whole."""

from __future__ import annotations

import csv
import io
import json
from dataclasses import replace

import numpy as np
import pytest
from scipy.sparse import csr_array

from sparsebench.contracts import NotApplicable
from sparsebench.registry.parameters import ParameterError, validate
from sparsebench.types import Query, Topics
from sparsebench_plugins.analyzers.removal import Removal, analyzer

COMMON = [f"w{i}" for i in range(260)]
PLANTED = [f"planted{i}" for i in range(20)]
FEW = 19
"""Repetitions: the suite asks for 999 or more, these tests do not need them."""


@pytest.fixture
def planted(toy_context):
    """260 words that expand to eight of one another, and to 20 planted terms that no document has."""

    def build(weight: float = 0.25, tokens: int = 260):
        rng = np.random.default_rng(0)
        common = COMMON[:tokens]
        texts = [" ".join(rng.choice(common, size=12)) for _ in range(250)]
        lexicon = {
            word: {str(term): 0.5 for term in rng.choice(common, size=8)} | dict.fromkeys(PLANTED, weight)
            for word in common
        }
        bank = Topics(tuple(Query(f"b{i}", " ".join(rng.choice(common, size=3))) for i in range(400)))
        tested = [" ".join(rng.choice(common, size=3)) for _ in range(12)]
        context = toy_context([*common, *PLANTED], texts, tested, lexicon=lexicon, bank=bank)
        qrels = {f"t{i}": {f"d{d}": int(rng.integers(1, 3)) for d in rng.choice(150, 8)} for i in range(12)}
        return replace(context, test=Topics(context.test.queries, qrels))

    return build


def analysis_of(context, **parameters):
    return Removal(scoring_queries="train", repetitions=FEW, **parameters).analyze(context)


def test_planted_dimensions_are_removed_first_and_their_removal_changes_nothing(planted):
    values = analysis_of(planted()).values
    wackiest, grid = values["arms"]["wackiest"], values["grid"]
    assert values["tokens"] == 280
    assert values["tied_at_one"] == 20
    # The planted ids come last, so the rule for equal tokens alone would not bring them up.
    assert [mass / wackiest["mass"][0] for mass in wackiest["mass"][:7]] == pytest.approx(grid[:7], rel=1e-3)
    assert wackiest["effect"][:7] == [0.0] * 7  # K = 1 to 16


def test_planted_dimensions_that_are_constant_over_documents_change_no_ranking(planted):
    plain = planted()
    documents = plain.document_vectors.toarray()
    documents[:, -20:] = 0.5
    constant = replace(plain, document_vectors=csr_array(documents))
    # Their tokens still occur in no document, and every query has more than ten hits by its other terms.
    bank_ranking = {"ranker": "bm25"}  # the wackiness of all others then is the same in both
    with_constant, without = (analysis_of(context, **bank_ranking).values for context in (constant, plain))
    assert with_constant["arms"]["wackiest"]["effect"][:7] == [0.0] * 7
    assert with_constant["before"] == pytest.approx(without["before"], abs=1e-12)


def test_the_values_are_json_and_agree_with_one_another(planted):
    values = analysis_of(planted()).values
    assert json.loads(json.dumps(values)) == values
    assert values["scoring_queries"] == {"source": "train", "n": 400}
    assert values["grid"][-1] == values["tokens"]
    arms = values["arms"]
    assert list(arms) == ["wackiest", "least_wacky", "random", "matched", "all_expansion"]
    assert np.mean(list(values["per_query"].values())) == pytest.approx(
        arms["wackiest"]["statistic"] - arms["matched"]["statistic"], abs=1e-6
    )
    for arm in ("random", "matched"):
        low, high = arms[arm]["interval"]
        assert low <= arms[arm]["statistic"] <= high
        assert all(low <= high for low, high in zip(arms[arm]["low"], arms[arm]["high"], strict=True))
    # All scored tokens are gone at the last K, whatever the order.
    assert len({arms[arm]["effect"][-1] for arm in ("wackiest", "least_wacky", "random", "matched")}) == 1
    assert 0 < values["p"] <= 1
    assert (values["p"] * (FEW + 1)) == pytest.approx(round(values["p"] * (FEW + 1)))


def test_the_curves_are_a_table_and_a_plot(planted):
    analysis = analysis_of(planted())
    rows = list(csv.DictReader(io.StringIO(analysis.files["removal.csv"])))
    grid = analysis.values["grid"]
    assert [int(row["k"]) for row in rows if row["arm"] == "matched"] == grid
    assert [row["low"] for row in rows if row["arm"] == "wackiest"] == [""] * len(grid)
    assert [row["effect"] for row in rows if row["arm"] == "all_expansion"] == [
        str(analysis.values["arms"]["all_expansion"]["effect"])
    ]
    assert ">least wacky<" in analysis.files["removal.svg"]
    assert analysis.values["plot"] is None


def test_without_matplotlib_the_plot_is_left_out_and_the_values_say_so(planted, monkeypatch):
    monkeypatch.setattr(analyzer, "can_draw", lambda: False)
    analysis = analysis_of(planted())
    assert [name for name in analysis.files if not name.endswith(".curve.csv")] == ["removal.csv"]
    assert "sparsebench[plots]" in analysis.values["plot"]


def test_the_same_inputs_give_the_same_bytes_and_another_seed_others(planted):
    first, again, other = (analysis_of(planted(), seed=seed) for seed in (0, 0, 1))
    assert json.dumps(first.values) == json.dumps(again.values)
    assert first.files == again.files
    assert first.values["arms"]["random"] != other.values["arms"]["random"]
    assert first.values["arms"]["wackiest"] == other.values["arms"]["wackiest"]


def test_test_queries_are_never_scored_on(planted):
    context = planted()
    leaking = Topics(context.bank.queries + context.test.queries)
    assert analysis_of(replace(context, bank=leaking)).values == analysis_of(context).values


def test_fewer_than_200_scored_tokens_are_refused(planted):
    with pytest.raises(NotApplicable, match="170 tokens were scored, removal needs 200"):
        analysis_of(planted(tokens=150))


def test_a_model_that_does_not_expand_queries_is_not_applicable(planted):
    with pytest.raises(NotApplicable, match="does not expand"):
        analysis_of(replace(planted(), expands_queries=False))


def test_tokens_without_any_utility_cannot_be_told_apart(planted):
    context = planted()
    nothing = replace(context, document_vectors=csr_array(context.document_vectors.shape, dtype=np.float32))
    nowhere = replace(
        nothing,
        search=lambda vectors, k: replace(context.search(vectors, k), documents=np.full((vectors.shape[0], k), -1)),
    )
    with pytest.raises(NotApplicable, match="99th percentile of the utilities is 0"):
        analysis_of(nowhere)


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        ({"scoring_queries": "test"}, "'auto', 'train', 'pseudo' or 'documents', not 'test'"),
        ({"repetitions": 100}, "greater than or equal to 999"),
        ({"measure": "AP@10"}, "has no fast form"),
        ({"ranker": "qrels", "scoring_queries": "documents"}, "needs judged scoring queries"),
    ],
)
def test_a_wrong_parameter_is_named_with_what_there_is(wrong: dict, message: str):
    with pytest.raises(ParameterError) as caught:
        validate(Removal, wrong)
    assert message in str(caught.value)
