"""One plugin of each kind, as somebody outside the project would write them."""

from __future__ import annotations

from pathlib import Path

from fruit_retrieval.initials import Initials
from fruit_retrieval.longest import Longest
from fruit_retrieval.rounded import Rounded
from sparsebench import AnalyzerPlugin, CollectionPlugin, Column, ModelPlugin, PostprocessorPlugin, hookimpl


@hookimpl
def register_models() -> list[ModelPlugin]:
    return [ModelPlugin("fruit_initials", Initials, "first letters of words")]


@hookimpl
def register_postprocessors() -> list[PostprocessorPlugin]:
    return [PostprocessorPlugin("fruit_rounded", Rounded, "scores in whole steps")]


@hookimpl
def register_analyzers() -> list[AnalyzerPlugin]:
    columns = (Column("longest run", "longest", digits=0, note="longest run: documents in the longest ranking."),)
    return [AnalyzerPlugin("fruit_longest", Longest, "the longest ranking of a run", columns=columns)]


@hookimpl
def register_collections() -> list[CollectionPlugin]:
    return [CollectionPlugin("fruit/salad", Path(__file__).parent / "salad", "three sentences about fruit")]
