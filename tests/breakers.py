"""Plugins that break one rule of their contract each, and a suite that runs one beside sound ones."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import toys
from sparsebench import AnalyzerPlugin, ModelPlugin, PostprocessorPlugin, hookimpl
from sparsebench.leaderboard import Board
from sparsebench.progress import Silent
from sparsebench.records import Record
from sparsebench.runner import Runner
from sparsebench.store import Store


@dataclass(frozen=True)
class Breakers:
    """A plugin object with classes that break rules, each under its own name."""

    models: Mapping[str, Any] = field(default_factory=dict)
    postprocessors: Mapping[str, Any] = field(default_factory=dict)
    analyzers: Mapping[str, Any] = field(default_factory=dict)

    @hookimpl
    def register_models(self) -> Iterable[ModelPlugin]:
        return [ModelPlugin(name, factory, "breaks a rule") for name, factory in self.models.items()]

    @hookimpl
    def register_postprocessors(self) -> Iterable[PostprocessorPlugin]:
        return [PostprocessorPlugin(name, made, "breaks a rule") for name, made in self.postprocessors.items()]

    @hookimpl
    def register_analyzers(self) -> Iterable[AnalyzerPlugin]:
        return [AnalyzerPlugin(name, factory, "breaks a rule") for name, factory in self.analyzers.items()]


def run(tmp_path: Path, breakers: Breakers, extra: str) -> Board:
    """The board of the toy suite with `extra` YAML."""
    suite = toys.write_suite(tmp_path / "toy.yaml", _collection(tmp_path), extra)
    store = Store(tmp_path / "store")
    plan = toys.plan_suite(suite, store, toys.registry(breakers))
    return Runner(store, tmp_path / "runs", Silent()).run(plan)


def _collection(tmp_path: Path) -> Path:
    tmp_path.mkdir(exist_ok=True)
    folder = tmp_path / "fruit"
    return folder if folder.exists() else toys.write_collection(folder)


def by_label(board: Board) -> dict[str, Record]:
    """model+postprocessor -> record."""
    return {f"{r.cell.model.label}+{r.cell.postprocessor.label}": r for r in board.records}


def part(factory: Any, *arguments: object) -> Any:
    """A class without parameters that makes `factory` of these arguments: what a hook can name."""
    return type(factory.__name__, (factory,), {"__init__": lambda self: factory.__init__(self, *arguments)})
