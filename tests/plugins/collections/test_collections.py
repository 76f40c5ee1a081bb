"""The collections in the box."""

from __future__ import annotations

import subprocess
import sys

import pytest

from sparsebench.collection import BeirFolder
from sparsebench.collection.corpus import absent_judgments, scan
from sparsebench.collection.topics import judged
from sparsebench.contracts.hookspecs import CollectionPlugin
from sparsebench_plugins.collections import register_collections

SIZES = {"mini/web": (250, 60), "mini/science": (150, 40)}


CARRIED = [plugin for plugin in register_collections() if plugin.folder is not None]


def test_both_are_registered_by_name() -> None:
    assert [plugin.name for plugin in CARRIED] == list(SIZES)


@pytest.mark.parametrize("plugin", CARRIED, ids=lambda plugin: plugin.name)
def test_each_is_whole_and_keeps_the_rules_of_a_collection(plugin: CollectionPlugin) -> None:
    source = BeirFolder(plugin.folder, plugin.name)
    documents, queries = SIZES[plugin.name]
    assert source.missing() == []
    corpus = scan(source.documents(), where=source.where)
    assert len(corpus.doc_ids) >= documents
    assert corpus.empty == 0
    for split in ("test", "train"):
        topics = source.topics(split)
        assert len(topics.queries) == queries
        assert judged(topics).topics == topics
        assert absent_judgments(topics.qrels, corpus.doc_ids) == 0


def test_importing_them_imports_no_torch() -> None:
    code = "import sys, sparsebench_plugins.collections; print({'torch', 'scipy', 'ir_datasets'} & set(sys.modules))"
    done = subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True)
    assert done.stdout.strip() == "set()"
