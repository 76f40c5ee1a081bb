"""A plugin whose parts end their process, in the way that the variable ENDS names. Given to `run` with `-p`."""

from __future__ import annotations

import os
import signal
import sys
import time
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from sparsebench import (
    Analysis,
    AnalyzerPlugin,
    Block,
    CellAnalyzer,
    CellContext,
    CollectionPlugin,
    CollectionSource,
    Document,
    Encoded,
    FitContext,
    GroupAnalyzer,
    GroupContext,
    LoadedEncoder,
    ModelPlugin,
    Postprocessor,
    PostprocessorPlugin,
    Query,
    ScoreBlocks,
    SparseEncoder,
    State,
    SuiteAnalyzer,
    SuiteContext,
    Topics,
    hookimpl,
)
from sparsebench.types import Json, Role
from toys import LoadedWords


class Own(BaseException):
    """What no `except Exception` stops."""


class Mute(RuntimeError):
    """An error that cannot even say what it is."""

    def __str__(self) -> str:
        raise ValueError


def end() -> None:
    """End the process."""
    way = os.environ["ENDS"]
    if way == "sys.exit":
        sys.exit(0)
    if way == "KeyboardInterrupt":
        raise KeyboardInterrupt
    if way == "BaseException":
        raise Own
    if way == "no text":
        raise Mute
    if way == "os._exit":
        os._exit(0)
    if way == "SIGSEGV":
        os.kill(os.getpid(), signal.SIGSEGV)
    time.sleep(600)


class EndsEncoding(SparseEncoder):
    def identity(self, role: Role) -> Mapping[str, Json]:
        return {"name": type(self).__name__}

    def load(self, device: str) -> LoadedEncoder:
        class Loaded(LoadedWords):
            def encode(self, texts: Sequence[str], role: Role) -> Encoded:
                end()
                return super().encode(texts, role)

        return Loaded(0.5)


class EndsLoading(EndsEncoding):
    def load(self, device: str) -> LoadedEncoder:
        end()
        return LoadedWords(0.5)


class EndsIdentity(EndsEncoding):
    def identity(self, role: Role) -> Mapping[str, Json]:
        end()
        return {}


class EndsFitting(Postprocessor):
    sees = "batch"

    def fit(self, blocks: ScoreBlocks, context: FitContext) -> State:
        end()
        return State()

    def apply(self, block: Block, state: State, row_stats: Mapping[str, Any]) -> Any:
        return block.scores


class EndsReading(CollectionSource):
    """A collection that cannot be read, or not a second time where ENDS_FROM says so."""

    name = "ends/reading"
    passes = 0

    def documents(self) -> Iterator[Document]:
        EndsReading.passes += 1
        if EndsReading.passes >= int(os.environ.get("ENDS_FROM", "1")):
            end()
        yield Document("d1", "apple")

    def topics(self, split: str | None) -> Topics:
        return Topics((Query("q1", "apple"),), {"q1": {"d1": 1}})

    def files(self) -> Sequence[Path]:
        return ()


class EndsApplying(Postprocessor):
    sees = "query"

    def fit(self, blocks: ScoreBlocks, context: FitContext) -> State:
        return State()

    def apply(self, block: Block, state: State, row_stats: Mapping[str, Any]) -> Any:
        end()


class EndsGroup(GroupAnalyzer):
    def analyze(self, context: GroupContext) -> Analysis:
        end()
        return Analysis({})


class EndsCell(CellAnalyzer):
    def analyze(self, context: CellContext) -> Analysis:
        end()
        return Analysis({})


class EndsSuite(SuiteAnalyzer):
    def analyze(self, context: SuiteContext) -> Analysis:
        end()
        return Analysis({})


@hookimpl
def register_models() -> Iterable[ModelPlugin]:
    """Models that end their process."""
    return [
        ModelPlugin("ends_encoding", EndsEncoding, "ends"),
        ModelPlugin("ends_loading", EndsLoading, "ends"),
        ModelPlugin("ends_identity", EndsIdentity, "ends"),
    ]


@hookimpl
def register_postprocessors() -> Iterable[PostprocessorPlugin]:
    """Two that end their process."""
    return [
        PostprocessorPlugin("ends_applying", EndsApplying, "ends"),
        PostprocessorPlugin("ends_fitting", EndsFitting, "ends"),
    ]


@hookimpl
def register_collections() -> Iterable[CollectionPlugin]:
    """One that ends its process."""
    return [CollectionPlugin("ends/reading", summary="ends", source=EndsReading)]


@hookimpl
def register_analyzers() -> Iterable[AnalyzerPlugin]:
    """One of each level that ends its process."""
    return [
        AnalyzerPlugin("ends_group", EndsGroup, "ends"),
        AnalyzerPlugin("ends_cell", EndsCell, "ends"),
        AnalyzerPlugin("ends_suite", EndsSuite, "ends"),
    ]
