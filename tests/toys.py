"""Small things that tests share: a model of five words, a collection of four documents, a suite over them."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

import numpy as np
from scipy.sparse import csr_array

from sparsebench import Encoded, LoadedEncoder, ModelPlugin, SparseEncoder, Vocabulary, hookimpl
from sparsebench.collection.resolved import resolve_collection
from sparsebench.planning import Plan, make_plan
from sparsebench.planning.model import resolve_model
from sparsebench.progress import Silent
from sparsebench.registry import Registry
from sparsebench.store import Store
from sparsebench.suite import load_suite
from sparsebench.types import Json, Role

WORDS = ("apple", "pear", "plum", "fruit", "stone")


class WordVocabulary(Vocabulary):
    size = len(WORDS)

    def token(self, term_id: int) -> str:
        return WORDS[term_id]

    def token_ids(self, texts: Sequence[str]) -> list[list[int]]:
        return [[WORDS.index(word) for word in text.split() if word in WORDS] for text in texts]


class LoadedWords(LoadedEncoder):
    """Counts of words; a query for a fruit also asks, by half, for `fruit`."""

    vocabulary = WordVocabulary()
    calls: list[tuple[Role, int]]

    def __init__(self, expansion: float) -> None:
        self.expansion = expansion

    def encode(self, texts: Sequence[str], role: Role) -> Encoded:
        counts = np.zeros((len(texts), len(WORDS)), dtype=np.float32)
        for row, ids in enumerate(self.vocabulary.token_ids(texts)):
            np.add.at(counts[row], ids, 1)
        if role == "query":
            counts[:, 3] += self.expansion * (counts[:, :3].sum(axis=1) > 0)
        return Encoded(csr_array(counts))


class Words(SparseEncoder):
    """The toy model. loads: how many times any of them was loaded."""

    loads = 0

    def __init__(self, *, expansion: float = 0.5, broken: bool = False) -> None:
        self.expansion, self.broken = expansion, broken

    def identity(self, role: Role) -> Mapping[str, Json]:
        return {"expansion": self.expansion, "broken": self.broken}

    def load(self, device: str) -> LoadedEncoder:
        if self.broken:
            raise RuntimeError("the weights are bad")
        Words.loads += 1
        return LoadedWords(self.expansion)


class WordsPlugin:
    @hookimpl
    def register_models(self) -> Iterable[ModelPlugin]:
        return [ModelPlugin("words", Words, "counts of words")]


def registry(*more: object) -> Registry:
    """The built-in plugins, the toy model, and more plugins."""
    import sparsebench_plugins.analyzers
    import sparsebench_plugins.collections
    import sparsebench_plugins.postprocessors

    return Registry.of(
        sparsebench_plugins.analyzers,
        sparsebench_plugins.collections,
        sparsebench_plugins.postprocessors,
        WordsPlugin(),
        *more,
    )


DOCUMENTS = {"d1": "apple fruit", "d2": "pear fruit", "d3": "plum stone", "d4": "stone stone"}
QUERIES = {
    "q1": "apple",
    "q2": "plum",
    "q3": "pear",
    "q4": "stone",
    "b1": "fruit",
    "b2": "apple pear",
    "b3": "stone plum",
}
QRELS = {
    "test": [("q1", "d1", 1), ("q2", "d3", 1), ("q3", "d2", 1), ("q4", "d4", 1)],
    "train": [("b1", "d1", 1), ("b2", "d2", 1), ("b3", "d3", 1)],
}


def write_collection(folder: Path) -> Path:
    """Four documents, four test queries, three training queries, in BEIR's layout."""
    (folder / "qrels").mkdir(parents=True)
    for name, texts in (("corpus", DOCUMENTS), ("queries", QUERIES)):
        lines = (json.dumps({"_id": key, "text": text}) + "\n" for key, text in texts.items())
        (folder / f"{name}.jsonl").write_text("".join(lines))
    for split, rows in QRELS.items():
        lines = ("\t".join(map(str, row)) + "\n" for row in [("query-id", "corpus-id", "score"), *rows])
        (folder / "qrels" / f"{split}.tsv").write_text("".join(lines))
    return folder


def write_suite(path: Path, collection: Path, extra: str = "") -> Path:
    """A suite named `toy` over the toy collection; `extra` is more YAML."""
    text = f"""
name: toy
measures: [nDCG@10, RR@10]
depth: 10
collections:
  - {{name: fruit, beir: {collection}, split: test, domain: in, bank: {{split: train}}, dev: {{split: train}}}}
"""
    path.write_text(text + (extra or "models: [words]\n"))
    return path


def plan_suite(
    path: Path, store: Store, found: Registry | None = None, devices: tuple[str, str] = ("cpu", "cpu")
) -> Plan:
    """The plan of a suite file with the toy registry or another; devices: what encodes, and what searches."""
    found = found or registry()
    suite = load_suite(path, found)
    models = [resolve_model(spec, found) for spec in suite.models]
    collections = [resolve_collection(spec, found, store, Silent()) for spec in suite.collections]
    return make_plan(suite, found, models, collections, *devices)
