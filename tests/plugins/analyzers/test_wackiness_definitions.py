from __future__ import annotations

import json

import pytest

from sparsebench.contracts import NotApplicable, SuiteContext
from sparsebench.records import CellDescription, Part, Record
from sparsebench_plugins.analyzers.wackiness_definitions import WackinessDefinitions

AREAS = {  # collection -> analysis -> preset -> W-AUC
    "web": {"wackiness": {"paper_code": 0.9, "robust": 0.5}, "by bm25": {"robust": 0.3}},
    "law": {"wackiness": {"paper_code": 0.8, "robust": 0.6}, "by bm25": {"robust": 0.4}},
    "news": {"wackiness": {"paper_code": 0.7, "robust": 0.7}, "by bm25": {"robust": None}},
}


def record(model: str, collection: str, areas: dict, postprocessor: str = "none") -> Record:
    analysis = {
        label: {"scoring_queries": {"source": "pseudo", "n": 9}}
        | {preset: {"w_auc": area, "n": 300, "reason": None} for preset, area in presets.items()}
        for label, presets in areas.items()
    }
    cell = CellDescription(
        collection=Part(name=collection, label=collection, params={}),
        model=Part(name=model, label=model, params={}),
        postprocessor=Part(name=postprocessor, label=postprocessor, params={}),
        candidates="retrieved",
        depth=10,
    )
    return Record(key=f"{model}{collection}{postprocessor}", status="ok", cell=cell, analysis=analysis)


def analyze(records: list[Record], **parameters):
    return WackinessDefinitions(**parameters).analyze(SuiteContext(records, lambda _: {}))


ALL = [record("splade", collection, areas) for collection, areas in AREAS.items()]


def test_each_definition_orders_the_collections_and_is_compared_with_robust():
    analysis = analyze(ALL)
    values = analysis.values["splade"]
    assert values["reference"] == "wackiness: robust"
    assert list(values["definitions"]) == ["wackiness: paper_code", "wackiness: robust", "by bm25: robust"]
    paper, robust, by_bm25 = values["definitions"].values()
    assert (paper["order"], paper["tau"]) == (["web", "law", "news"], -1)
    assert (robust["order"], robust["tau"]) == (["news", "law", "web"], 1)
    assert (by_bm25["order"], by_bm25["tau"]) == (["law", "web"], None)  # news has no area: two are no order
    assert by_bm25["w_auc"]["news"] is None
    assert json.loads(json.dumps(analysis.values)) == analysis.values


def test_the_table_has_rank_area_and_tokens_of_each_collection():
    lines = analyze(ALL).summary.splitlines()
    assert lines[0] == "### splade"
    assert [cell.strip() for cell in lines[4].split("|")[1:-1]] == [
        "wackiness: paper_code",
        "1. 0.900 (300)",
        "2. 0.800 (300)",
        "3. 0.700 (300)",
        "-1.00",
    ]


def test_a_collection_that_is_not_named_has_no_place():
    definitions = analyze(ALL, collections=("law", "news")).values["splade"]["definitions"]
    assert definitions["wackiness: robust"]["order"] == ["news", "law"]


def test_postprocessors_do_not_count_a_collection_twice():
    assert analyze([*ALL, record("splade", "web", AREAS["web"], "dsl")]).values == analyze(ALL).values


def test_models_without_expansion_have_no_section():
    bm25 = record("bm25", "web", {})
    assert list(analyze([*ALL, bm25]).values) == ["splade"]
    with pytest.raises(NotApplicable, match="no record of these collections"):
        analyze([bm25])
