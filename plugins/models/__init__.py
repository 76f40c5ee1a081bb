"""The models in the box, registered through the same hook as third parties' ones."""

from __future__ import annotations

from benchmark import ModelPlugin, hookimpl
from plugins.models.bm25 import Bm25
from plugins.models.run_file import RunFile


@hookimpl
def register_models() -> list[ModelPlugin]:
    """One line for each."""
    return [
        ModelPlugin("bm25", Bm25, "BM25 through bm25s"),
        ModelPlugin("run_file", RunFile, "a TREC run as a system"),
    ]
