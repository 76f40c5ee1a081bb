from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path

import numpy as np
import pytest

import toys
from sparsebench.contracts import NotApplicable, SuiteContext
from sparsebench.progress import Silent
from sparsebench.records import CellDescription, Part, Record
from sparsebench.registry.parameters import ParameterError, validate
from sparsebench.runner import Runner
from sparsebench.statistics import difference_of_differences, holm, sign_flip_p
from sparsebench.store import Store
from sparsebench.types import Json
from sparsebench_plugins.analyzers.domain_gap import DomainGap

DOMAINS = {"web": "in", "news": "in", "law": "out"}
QUERIES = [f"q{i}" for i in range(12)]
SPLADE, BM25 = ("splade", "none"), ("bm25", "none")


def record(model: str, collection: str, *, postprocessor: str = "none", analysis: Mapping[str, Json] | None = None):
    return Record(
        key=f"{model}/{postprocessor}/{collection}",
        status="ok",
        cell=CellDescription(
            collection=Part(name=collection, label=collection, params={"domain": DOMAINS[collection]}),
            model=Part(name=model, label=model, params={}),
            postprocessor=Part(name=postprocessor, label=postprocessor, params={}),
            candidates="retrieved",
            depth=10,
        ),
        analysis=dict(analysis or {}),
    )


def values_of(key: str) -> np.ndarray:
    """nDCG@10 (12,) of a cell; splade is better by .3 where the name of its cell ends in web or news, else by -.1."""
    collection = key.rpartition("/")[2]
    noise = np.random.default_rng(len(collection)).normal(size=(2, 12)) / 20
    gain = 0.3 if DOMAINS[collection] == "in" else -0.1
    return 0.5 + noise[0] + (gain + noise[1] if key.startswith("splade") else 0)


def context(*records: Record, baseline: tuple[str, str] | None = BM25) -> SuiteContext:
    return SuiteContext(
        records, lambda of: {"nDCG@10": dict(zip(QUERIES, values_of(of.key).tolist(), strict=True))}, baseline
    )


BOTH = [record(model, collection) for collection in DOMAINS for model in ("splade", "bm25")]


def test_the_gap_is_the_difference_of_paired_differences_between_domains():
    (gap,) = DomainGap().analyze(context(*BOTH)).values["systems"]
    differences = {name: values_of(f"splade/none/{name}") - values_of(f"bm25/none/{name}") for name in DOMAINS}
    expected = difference_of_differences([differences["web"], differences["news"]], [differences["law"]])
    assert gap["name"] == "splade + none − bm25 + none"
    assert gap["difference"]["estimate"] == pytest.approx(expected.estimate)
    assert gap["difference"]["interval"]["low"] == pytest.approx(expected.interval.low)
    assert gap["difference"]["p"] == pytest.approx(expected.p)
    assert gap["difference"]["estimate"] == pytest.approx(0.4, abs=0.05)


def test_collections_are_tested_one_by_one_and_corrected_together():
    (gap,) = DomainGap().analyze(context(*BOTH)).values["systems"]
    ps = [sign_flip_p(values_of(f"splade/none/{name}") - values_of(f"bm25/none/{name}")) for name in DOMAINS]
    assert [tested["collection"] for tested in gap["tested"]] == list(DOMAINS)
    assert [tested["p"] for tested in gap["tested"]] == ps
    assert [tested["p_holm"] for tested in gap["tested"]] == holm(np.array(ps)).tolist()


def test_every_other_system_is_compared_with_the_baseline_or_those_named_with_the_first():
    three = [*BOTH, *(record("splade", name, postprocessor="dsl") for name in DOMAINS)]
    default = DomainGap().analyze(context(*three)).values["systems"]
    assert [gap["name"] for gap in default] == ["splade + none − bm25 + none", "splade + dsl − bm25 + none"]
    named = DomainGap(systems=(SPLADE, ("splade", "dsl"))).analyze(context(*three, baseline=None)).values["systems"]
    assert [gap["name"] for gap in named] == ["splade + dsl − splade + none"]


def test_an_incomplete_row_is_tested_where_it_can_be_and_has_no_gap():
    analysis = DomainGap().analyze(context(*BOTH[:-1]))  # bm25 lacks law
    (gap,) = analysis.values["systems"]
    assert [tested["collection"] for tested in gap["tested"]] == ["web", "news"]
    assert gap["difference"] is None
    assert gap["reason"] == "an incomplete row has no mean: nothing to compare on law"
    assert gap["reason"] in analysis.summary


def test_without_a_collection_of_the_other_domain_there_is_no_gap():
    (gap,) = DomainGap().analyze(context(*BOTH[:4])).values["systems"]
    assert gap["reason"] == "there is no out-of-domain collection"


def test_the_summary_names_both_domains_and_what_the_intervals_are_conditional_on():
    summary = DomainGap().analyze(context(*BOTH)).summary
    assert summary.startswith("In-domain: web, news. Out-of-domain: law.\n")
    assert "| splade + none − bm25 + none | law" in summary
    assert "within these collections" in summary
    assert "Removal" not in summary


def studied(name: str, seed: int, **cell: str) -> Record:
    effects = np.random.default_rng(seed).normal(size=12).round(6).tolist()
    arms = ("wackiest", "matched", "random", "least_wacky", "all_expansion")
    found = {
        "tokens": 300,
        "tied_at_one": 40,
        "arms": {arm: {"statistic": -0.01 * place} for place, arm in enumerate(arms, start=1)},
        "per_query": dict(zip(QUERIES, effects, strict=True)),
        "p": 0.02,
    }
    return record("splade", name, analysis={"removal": found}, **cell)


def test_the_interaction_of_a_removal_is_read_from_records_alone():
    records = [studied(name, seed) for seed, name in enumerate(DOMAINS)]
    again = [studied(name, seed, postprocessor="dsl") for seed, name in enumerate(DOMAINS)]
    analysis = DomainGap().analyze(context(*BOTH, *records, *again))
    (gap,) = analysis.values["removal"]
    effects = [np.random.default_rng(seed).normal(size=12).round(6) for seed in range(3)]
    expected = difference_of_differences(effects[:2], effects[2:])
    assert gap["name"] == "splade"
    assert gap["difference"]["estimate"] == pytest.approx(expected.estimate)
    assert gap["difference"]["interval"]["high"] == pytest.approx(expected.interval.high)
    assert [tested["p_holm"] for tested in gap["tested"]] == pytest.approx([0.06] * 3)
    assert "### Removal of the wackiest tokens" in analysis.summary
    (law,) = [line for line in analysis.summary.splitlines() if "| law " in line and "at W = 1" in line]
    assert [cell.strip() for cell in law.split("|")[1:-1]] == [
        "splade",
        "law",
        "300 (40 at W = 1)",
        "-0.0100",
        "-0.0200",
        "-0.0300",
        "-0.0400",
        "-0.0500",
    ]


def test_a_collection_without_a_removal_study_is_named_with_the_reason():
    refusal = {"removal": {"not_applicable": "12 tokens were scored"}}
    refused = [record("splade", "news", analysis=refusal, postprocessor=name) for name in ("none", "dsl")]
    analysis = DomainGap().analyze(context(*BOTH, studied("web", 0), studied("law", 1), *refused))
    (gap,) = analysis.values["removal"]
    assert [tested["collection"] for tested in gap["tested"]] == ["web", "law"]
    assert analysis.values["removal_refused"] == [
        {"model": "splade", "collections": ["news"], "reason": "12 tokens were scored"}
    ]
    assert "No removal study of splade on news: 12 tokens were scored." in analysis.summary


def test_the_values_are_json():
    values = DomainGap().analyze(context(*BOTH, *(studied(name, 0) for name in DOMAINS))).values
    assert json.loads(json.dumps(values)) == values


@pytest.mark.parametrize(
    ("parameters", "records", "baseline", "message"),
    [
        ({}, BOTH, None, "no baseline"),
        ({}, BOTH[::2], SPLADE, "one system alone"),
        ({"measure": "RR@10"}, BOTH, BM25, "web is measured with nDCG@10, not RR@10"),
        ({"systems": (BM25, ("splad", "none"))}, BOTH, BM25, "Did you mean 'splade . none'"),
        ({}, BOTH, ("bm52", "none"), "no result of 'bm52 . none'"),
    ],
)
def test_what_cannot_be_compared_is_not_applicable_and_says_why(parameters, records, baseline, message: str):
    with pytest.raises(NotApplicable, match=message):
        DomainGap(**parameters).analyze(context(*records, baseline=baseline))


def test_a_single_system_is_a_mistake_of_the_suite():
    with pytest.raises(ParameterError, match="name two or more"):
        validate(DomainGap, {"systems": [["bm25", "none"]]})
    assert validate(DomainGap, {"measure": "ndcg_cut_10"})["systems"] == ()


SUITE = """
name: gaps
measures: [nDCG@10]
depth: 10
baseline: {{model: words, postprocessor: none}}
collections:
  - {{name: near, beir: {folder}, split: test, domain: in}}
  - {{name: far, beir: {folder}, split: train, domain: out}}
models: [words, {{name: words, label: bold, expansion: 5.0}}]
analyzers: [domain_gap]
"""


def run(tmp_path: Path, text: str) -> str:
    suite, store = tmp_path / "gaps.yaml", Store(tmp_path / "store")
    suite.write_text(text)
    Runner(store, tmp_path / "runs", Silent()).run(toys.plan_suite(suite, store))
    return (tmp_path / "runs/gaps/leaderboard.md").read_text()


def test_a_suite_shows_the_gap_below_its_tables_and_follows_its_baseline(tmp_path: Path):
    text = SUITE.format(folder=toys.write_collection(tmp_path / "fruit"))
    page = run(tmp_path, text)
    assert "## domain_gap\n\nIn-domain: near. Out-of-domain: far." in page
    assert "bold + none − words + none" in page
    assert "words + none − bold + none" in run(tmp_path, text.replace("model: words, post", "model: bold, post"))
