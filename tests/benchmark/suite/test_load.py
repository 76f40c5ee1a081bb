from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from pydantic import ValidationError

from sparsebench.registry import Registry
from sparsebench.suite import Suite, load_suite

Write = Callable[..., Path]
Load = Callable[..., Suite]
Refuse = Callable[..., list[str]]

FULL = """\
name: full
description: every key
measures: [nDCG@10, R@100]
depth: 200
candidates: all
baseline: {model: splade-v3}
requires: [pydantic>=2, pytest]
collections:
  - {id: mini/web, domain: in, split: test, bank: {split: train}, dev: {id: other/train}}
  - beir: data/cacm
    domain: out
    measures: [RR@10]
    drop_own_id: true
    dev: {split: hash, share: 0.3, seed: 7}
  - {docs_tsv: a.tsv, queries_tsv: b.tsv, qrels: c.txt, domain: out, dev: {split: hash}}
models:
  - {name: splade, label: splade-v3, checkpoint: naver/splade-v3}
  - bm25
postprocessors:
  - none
  - {name: sinkhorn, candidates: retrieved, scale: 2, bank: {size: 500, seed: 1}}
  - {name: sinkhorn, label: tuned, tune: {tau: [0.1, 1, 1.0], on: dev, measure: nDCG@10}, iterations: 3}
analyzers: [sparsity]
"""


def test_a_suite_says_everything_with_its_defaults_filled_in(load: Load) -> None:
    suite = load(FULL)
    assert (suite.name, suite.measures, suite.depth, suite.candidates) == ("full", ("nDCG@10", "R@100"), 200, "all")
    assert (suite.baseline.model, suite.baseline.postprocessor) == ("splade-v3", "none")
    web, cacm, mine = suite.collections
    assert [each.label for each in suite.collections] == ["mini/web/test", "cacm/test", "a"]
    assert web.bank is not None
    assert (web.bank.split, web.drop_own_id, web.measures) == ("train", False, None)
    assert cacm.dev is not None
    assert (cacm.split, cacm.dev.split, cacm.dev.share, cacm.dev.seed) == ("test", "hash", 0.3, 7)
    assert (mine.split, mine.qrels) == (None, Path("c.txt"))
    splade, bm25 = suite.models
    assert splade.params == {"checkpoint": "naver/splade-v3", "pooling": "max", "vocabulary": None}
    assert (bm25.label, bm25.params) == ("bm25", {"k1": 0.9})
    none, sinkhorn, tuned = suite.postprocessors
    assert (none.candidates, none.scale, none.tune, none.bank) == (None, "median_top1", None, None)
    assert (sinkhorn.candidates, sinkhorn.scale, sinkhorn.params) == ("retrieved", 2.0, {"tau": 1.0, "iterations": 10})
    assert sinkhorn.bank is not None
    assert (sinkhorn.bank.size, sinkhorn.bank.seed) == (500, 1)
    assert tuned.tune is not None
    assert tuned.tune.parameters == {"tau": (0.1, 1.0)}
    assert tuned.params == {"iterations": 3}
    assert [each.name for each in suite.analyzers] == ["sparsity"]


def test_the_smallest_suite_is_one_collection_and_one_model(load: Load, base: str) -> None:
    suite = load(base)
    assert [each.label for each in suite.postprocessors] == ["none"]
    assert suite.measures == ("nDCG@10", "RR@10", "R@100")
    assert suite.depth == 1000
    assert (suite.baseline.model, suite.baseline.postprocessor) == ("bm25", "none")


def test_the_baseline_of_a_suite_without_none_is_its_first_postprocessor(load: Load, base: str) -> None:
    assert load(base + "postprocessors: [sinkhorn]\n").baseline.postprocessor == "sinkhorn"


def test_the_baseline_may_be_a_point_of_a_grid(load: Load, base: str) -> None:
    text = (
        base + "postprocessors: [{name: sinkhorn, grid: {tau: [1, 2]}}]\nbaseline: {postprocessor: 'sinkhorn[tau=2]'}"
    )
    assert load(text).baseline.postprocessor == "sinkhorn[tau=2]"


def test_a_suite_cannot_be_changed(load: Load, base: str) -> None:
    with pytest.raises(ValidationError, match="frozen"):
        load(base).depth = 3  # type: ignore[misc]


def test_a_suite_is_loaded_by_name(write: Write, registry: Registry, base: str) -> None:
    write(base, "suites/base.yaml")
    assert load_suite("base", registry).name == "base"


def test_all_mistakes_come_at_once_in_the_order_of_the_file(refuse: Refuse) -> None:
    text = """\
name: a b
measures: [nDCG@10, NDCGG@10, R@5000]
depht: 100
baseline: {model: bm52, postprocesor: none}
requires: [no-such-package>=1, pydantic>=99]
collections:
  - id: mini/web
    domian: out
  - {id: a, beir: b, domain: inn}
models:
  - bm25
  - {name: bm25, k1: 0}
  - splade
postprocessors:
  - {name: sinkhron}
  - {name: sinkhorn, scale: big, size: 3}
  - 25
analyzers:
"""
    found = refuse(text)
    places = [line.removeprefix("suite.yaml:").partition(": ")[0] for line in found]
    assert places == [
        *("1:1", "2:21", "2:31", "3:1", "4:19", "4:25", "5:12", "5:32"),
        *("8:5", "9:5", "9:22", "12:12", "12:18", "13:5"),
        *("15:12", "16:22", "16:34", "17:5", "18:1"),
    ]
    assert "suite.yaml:3:1: unknown key 'depht'. Did you mean 'depth'?" in found
    assert "suite.yaml:4:25: unknown key 'postprocesor'. Did you mean 'postprocessor'?" in found
    assert "suite.yaml:8:5: unknown key 'domian'. Did you mean 'domain'?" in found
    assert "suite.yaml:15:12: unknown postprocessor 'sinkhron'. Did you mean 'sinkhorn'?" in found
    assert "suite.yaml:13:5: splade: parameter 'checkpoint' is missing" in found


@pytest.mark.parametrize(
    ("lines", "mistake"),
    [
        ("measures: [nDCG@10, R@200]\ndepth: 100", "5:21: R@200 reads 200 documents, and runs have `depth: 100`"),
        ("depth: 50", "5:1: R@100 reads 100 documents, and runs have `depth: 50`"),
        ("depth: 0", "5:1: 'depth' should be greater than 0, not 0"),
        ("depth: 10.5", "5:1: 'depth' should be a whole number, not 10.5"),
        ("measures: []", "5:1: 'measures' should have 1 or more entries, not []"),
        ("measures: nDCG@10", "5:1: 'measures' should be a list, not 'nDCG@10'"),
        ("baseline: {model: bm52}", "5:19: no model of this suite has the label 'bm52'. Did you mean 'bm25'?"),
        ("baseline: bm25", "5:1: 'baseline' should be a mapping of keys to values, not 'bm25'"),
        ("candidates: some", "5:1: 'candidates' should be 'retrieved' or 'all', not 'some'"),
        ("requires: [a b]", "5:12: 'a b' is no requirement such as `package>=1.0`: "),
        ("requires: [pydantic<2]", "5:12: pydantic<2 is needed, and pydantic 2"),
        ("requires: [no-such]", "5:12: no-such is not installed; install it with `pip install 'no-such'`"),
        ("analyzers: [sparsty]", "5:13: unknown analyzer 'sparsty'. Did you mean 'sparsity'?"),
        ("analyzers: [{name: sparsity, k: 1}]", "5:30: sparsity: unknown parameter 'k'."),
        ("analyzers: [{nam: sparsity}]", "5:13: key 'name' is missing"),
        ("analyzers: [{name: 3}]", "5:14: 'name' should be text (quote it), not 3"),
    ],
)
def test_a_mistake_has_its_place(refuse: Refuse, base: str, lines: str, mistake: str) -> None:
    assert any(line.startswith(f"suite.yaml:{mistake}") for line in refuse(base + lines))


@pytest.mark.parametrize(
    ("collection", "mistake"),
    [
        ("{domain: in}", "has exactly one of the keys id, beir, docs_tsv; this one has none"),
        ("{id: a, beir: b, domain: in}", "this one has id and beir"),
        ("{id: a, qrels: c, domain: in}", "'qrels' goes with `docs_tsv` alone"),
        ("{docs_tsv: a, domain: in}", "`docs_tsv` is there, and its `queries_tsv` is missing"),
        ("{id: a, domain: In}", "'domain' should be 'in', 'out' or 'unknown', not 'In'"),
        (
            "{id: a, domain: in, bank: {}}",
            "a bank has exactly one of the keys id, beir, split, queries_tsv; this one has none",
        ),
        (
            "{id: a, domain: in, bank: {beir: b, split: c, id: d}}",
            "a bank has exactly one of the keys id, beir, queries_tsv; this one has id and beir",
        ),
        (
            "{id: a, domain: in, bank: {split: train, gallery: true}}",
            "'gallery' goes with `id` or `beir`: other banks bring no documents",
        ),
        (
            "{id: a, domain: in, bank: {beir: b, split: c}, dev: {split: bank}}",
            "`split: bank` ranks the bank's queries over the bank's own documents; add `gallery: true`",
        ),
        ("{id: a, domain: in, dev: {split: bank}}", "add `gallery: true` to a bank"),
        ("{id: a, domain: in, bank: {id: a, split: b}}", "this one has id and split"),
        ("{id: a, domain: in, bank: {split: hash}}", "add `dev: {split: hash, share: 0.2, seed: 0}`"),
        ("{id: a, domain: in, bank: train}", "'bank' should be a mapping of keys to values, not 'train'"),
        ("{id: a, domain: in, dev: {seed: 3}}", "dev has exactly one of the keys id, split; this one has none"),
        ("{id: a, domain: in, dev: {split: dev, share: 0.1}}", "'share' goes with `split: hash` alone"),
        ("{id: a, domain: in, dev: {split: hash, share: 1}}", "'share' should be less than 1, not 1"),
        ("{id: a, domain: in, measures: [nDCG@2000]}", "nDCG@2000 reads 2000 documents"),
        ("{id: a, domain: in, measures: [nDCCG@20]}", "nDCCG"),
        ("mini/web", "an item of 'collections' should be a mapping of keys to values, not 'mini/web'"),
    ],
)
def test_a_mistaken_collection_is_told_what_it_lacks(refuse: Refuse, collection: str, mistake: str) -> None:
    found = refuse(f"name: x\nmodels: [bm25]\ncollections:\n  - {collection}\n")
    assert [line for line in found if mistake in line and line.startswith("suite.yaml:4:")]


def test_collections_of_one_name_are_a_mistake(refuse: Refuse) -> None:
    collections = "[{beir: a/web, domain: in}, {beir: b/web, domain: in}]"
    assert refuse(f"name: x\nmodels: [bm25]\ncollections: {collections}\n") == [
        "suite.yaml:3:42: the collection 'web/test' is there twice, first at suite.yaml:3:15; give it a `name:`"
    ]


def test_labels_are_unique_in_their_list_and_may_be_the_same_in_two(refuse: Refuse, load: Load, base: str) -> None:
    found = refuse(base.replace("[bm25]", "[bm25, {name: bm25, k1: 2}, {name: bm25, label: bm25}]"))
    assert found == [
        "suite.yaml:4:23: the label 'bm25' is there twice, first at suite.yaml:4:10; give it a `label:`",
        "suite.yaml:4:57: the label 'bm25' is there twice, first at suite.yaml:4:10; give it a `label:`",
    ]
    assert load(base.replace("[bm25]", "[{name: bm25, label: none}]")).models[0].label == "none"


@pytest.mark.parametrize(
    ("entry", "mistake"),
    [
        ("tune: {tau: [1], on: test}", "5:52: tuning on test queries is not allowed: the best of several tries"),
        ("tune: {tau: [1, -1]}", "5:42: sinkhorn: 'tau' should be greater than 0, not -1"),
        ("tune: {tua: [1, 2]}", "5:42: sinkhorn: unknown parameter 'tua'. Did you mean 'tau'?"),
        ("tune: {tau: [101], iterations: [9, 101]}", "5:18: sinkhorn: a large tau needs few iterations"),
        ("tune: {tau: []}", "5:42: 'tau' should have 1 or more entries, not []"),
        ("tune: {tau: 3}", "5:42: 'tau' should be a list, not 3"),
        ("tune: {measure: nDCG@10}", "'parameters' should have 1 or more entries"),
        ("tune: {tau: [1], measure: nDCG@5000}", "5:61: nDCG@5000 reads 5000 documents"),
        ("tune: {tau: [1], measure: NDCGG@50}", "5:61: "),
        ("tau: 2, tune: {tau: [1]}", "5:35: 'tau' is both given and tuned"),
        ("params: {tau: 1}", "5:35: sinkhorn: unknown parameter 'params'."),
        ("tau: 101, iterations: 101", "5:18: sinkhorn: a large tau needs few iterations"),
        ("bank: {size: 0}", "5:42: 'size' should be greater than 0, not 0"),
        ("bank: {sise: 5}", "5:42: unknown key 'sise'. Did you mean 'size'?"),
        ("scale: -1", "5:35: 'scale' should be 'median_top1' or 'none' or greater than 0, not -1"),
    ],
)
def test_a_mistaken_postprocessor_is_told_where(refuse: Refuse, base: str, entry: str, mistake: str) -> None:
    found = refuse(base + f"postprocessors: [{{name: sinkhorn, {entry}}}]\n")
    assert [line for line in found if mistake in line]


def test_tuning_needs_dev_queries_in_every_collection(refuse: Refuse, base: str) -> None:
    found = refuse(base.replace(", dev: {split: train}", "") + "postprocessors: [{name: sinkhorn, tune: {tau: [1]}}]\n")
    assert found == [
        "suite.yaml:3:5: the postprocessor at suite.yaml:5:18 is tuned on dev queries, and this collection names none; "
        "add for example `dev: {split: hash, share: 0.2, seed: 0}`"
    ]


def test_a_plugin_whose_factory_breaks_the_contract_is_named_at_its_entry(write: Write, base: str) -> None:
    from types import SimpleNamespace

    import sparsebench

    class Positional:
        def __init__(self, k1: float = 1.0) -> None: ...

    @sparsebench.hookimpl
    def register_models() -> list[sparsebench.ModelPlugin]:
        return [sparsebench.ModelPlugin("bm25", Positional, "")]  # type: ignore[arg-type]

    registry = Registry.of(SimpleNamespace(register_models=register_models))
    with pytest.raises(sparsebench.errors.SuiteError, match=r"suite.yaml:4:10: .*'k1' must be keyword-only"):
        load_suite(write(base), registry)
