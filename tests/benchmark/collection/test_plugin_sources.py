"""A collection whose files a plugin reads: parameters beside `id:`, and what comes of them checked."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

import pytest

import toys
from sparsebench import CollectionPlugin, CollectionSource, Document, Query, Topics, hookimpl
from sparsebench.collection.checked import checked_topics
from sparsebench.errors import CollectionError, NotAtHandError, PluginError, SuiteError
from sparsebench.progress import Silent
from sparsebench.registry import Registry
from sparsebench.runner import Runner
from sparsebench.store import Store
from sparsebench.suite import load_suite

QRELS = {"q1": {"d1": 1}, "q2": {"d3": 1}}


class Clips(CollectionSource):
    """Documents in one JSON file of id -> captions; `upper` shouts."""

    name = "clips"

    def __init__(self, *, captions: Path, upper: bool = False) -> None:
        self.captions, self.upper = captions, upper

    def documents(self) -> Iterator[Document]:
        for doc_id, text in json.loads(self.captions.read_text()).items():
            yield Document(doc_id, text.upper() if self.upper else text)

    def topics(self, split: str | None) -> Topics:
        return Topics((Query("q1", "apple"), Query("q2", "plum")), QRELS)

    def splits(self) -> Sequence[str]:
        return ("test",)

    def files(self) -> Sequence[Path]:
        return (self.captions,)

    def missing(self) -> Sequence[str]:
        return () if self.captions.exists() else [f"clips: there is no {self.captions}; ask its authors"]


class ClipsPlugin:
    @hookimpl
    def register_collections(self) -> list[CollectionPlugin]:
        return [CollectionPlugin("clips", summary="captions of clips", source=Clips)]


@pytest.fixture
def write(tmp_path: Path) -> Callable[[str], Path]:
    """A suite over clips.json, which lies beside it; what is written is more of the collection's keys."""
    (tmp_path / "clips.json").write_text(json.dumps(toys.DOCUMENTS))

    def _write(keys: str) -> Path:
        path = tmp_path / "clips.yaml"
        collection = f"{{id: clips, split: test, domain: out{keys}}}"
        path.write_text(f"name: clips\nmeasures: [RR@10]\ndepth: 10\ncollections:\n  - {collection}\nmodels: [words]\n")
        return path

    return _write


def plugins() -> Registry:
    return toys.registry(ClipsPlugin())


def test_a_suite_over_it_runs(write: Callable[[str], Path], tmp_path: Path) -> None:
    store = Store(tmp_path / "store")
    plan = toys.plan_suite(write(", captions: clips.json"), store, plugins())
    Runner(store, tmp_path / "runs", Silent()).run(plan)
    (record,) = [json.loads(path.read_text()) for path in (tmp_path / "runs").glob("**/record.json")]
    assert record["measures"]["RR@10"] == 1.0
    assert record["cell"]["collection"]["params"]["params"] == {"captions": "clips.json", "upper": False}
    assert record["provenance"]["plugins"]["collection"]["module"].endswith("test_plugin_sources")


def test_other_parameters_are_another_corpus(write: Callable[[str], Path], tmp_path: Path) -> None:
    store = Store(tmp_path / "store")
    suites = (write(f", captions: clips.json, upper: {upper}") for upper in ("true", "false", "true"))
    plans = [toys.plan_suite(suite, store, plugins()) for suite in suites]
    assert len({plan.groups[0].collection.corpus.digest for plan in plans}) == 2


@pytest.mark.parametrize(
    ("keys", "told"),
    [
        ("", "clips: parameter 'captions' is missing"),
        (", captions: clips.json, uper: true", "clips: unknown parameter 'uper'. Did you mean 'upper'?"),
        (", captions: clips.json, upper: 3", "clips: 'upper' should be true or false, not 3"),
    ],
)
def test_wrong_parameters_are_mistakes_of_the_suite(write: Callable[[str], Path], keys: str, told: str) -> None:
    with pytest.raises(SuiteError) as error:
        load_suite(write(keys), plugins())
    assert told in str(error.value)
    assert "clips.yaml:5:" in str(error.value)


@pytest.mark.parametrize("key", ["captions: clips.json", "params: {}"])
def test_a_folder_takes_no_parameters(write: Callable[[str], Path], key: str) -> None:
    path = write(f", {key}")
    path.write_text(path.read_text().replace("id: clips", "id: mini/web"))
    with pytest.raises(SuiteError, match=f"unknown key '{key.partition(':')[0]}'"):
        load_suite(path, plugins())


def test_what_is_not_at_hand_is_named_with_where_to_get_it(write: Callable[[str], Path], tmp_path: Path) -> None:
    with pytest.raises(NotAtHandError, match=r"no .*nowhere\.json; ask its authors"):
        toys.plan_suite(write(", captions: nowhere.json"), Store(tmp_path / "store"), plugins())


@pytest.mark.parametrize(
    ("topics", "told"),
    [
        (Topics((Query("q1", "a"), Query("q1", "b"))), "the query id 'q1' is there twice"),
        (Topics((Query("q 1", "a"),)), "the id 'q 1' is empty or has white space"),
        (Topics((Query("q1", None),)), "has no attribute 'encode'"),  # type: ignore[arg-type]
        (Topics((Query("q1", "a"),), {"q2": {"d1": 1}}), "none of the 1 judged queries is among its queries"),
        (Topics((Query("q1", "a"),), {"q1": {"d1": 0.5}}), "the grade 0.5 is not a whole number"),  # type: ignore[dict-item]
        (Topics((Query("q1", "a"),), {"q1": {"d1": True}}), "the grade True is not a whole number"),
    ],
)
def test_topics_that_break_a_rule_are_refused(tmp_path: Path, topics: Topics, told: str) -> None:
    source = Clips(captions=tmp_path / "clips.json")
    source.topics = lambda split: topics  # type: ignore[method-assign]
    with pytest.raises(CollectionError, match="clips, split 'test'") as error:
        checked_topics(source, "test")
    assert told in str(error.value)


@pytest.mark.parametrize("source", [dict, lambda: None])
def test_a_source_that_is_none_is_named(source: object) -> None:
    with pytest.raises(PluginError, match="no CollectionSource"):
        CollectionPlugin("clips", source=source)  # type: ignore[arg-type]


@pytest.mark.parametrize("given", [{}, {"folder": Path("/x"), "source": Clips}])
def test_a_collection_is_a_folder_or_a_source(given: dict[str, object]) -> None:
    with pytest.raises(PluginError, match="exactly one of `folder` and `source`"):
        CollectionPlugin("clips", **given)  # type: ignore[arg-type]
