"""The whole contract between the harness and its plugins: four hooks, one per kind of thing a suite can name.

A plugin is a module that implements any of these with `@sparsebench.hookimpl` and is named under the entry-point group
`sparsebench`. Order never matters, every hook may be implemented by any number of plugins, and the same name given
twice is an error that names both providers. Importing a plugin must not import torch.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pluggy

from sparsebench.contracts.collections import CollectionSource
from sparsebench.contracts.display import Column, Curves, Shown
from sparsebench.errors import PluginError, described
from sparsebench.types import Json

if TYPE_CHECKING:
    from sparsebench.contracts import Analyzer, Model, Postprocessor

PROJECT = "sparsebench"
API_VERSION = 1
"""Version of this contract. docs/plugins/README.md says what is stable within one, and how a part of it goes."""

OLDEST_API_VERSION = 1
"""Plugins that need this version or a later one, up to API_VERSION, work: `requires_api` beside their hooks."""

hookspec = pluggy.HookspecMarker(PROJECT)
hookimpl = pluggy.HookimplMarker(PROJECT)


@dataclass(frozen=True)
class Conversion:
    """Request of `sparsebench convert`.

    source: a file of the model's authors. out: the folder to write, which is not there yet. tokenizer: a folder that
    holds it. image_size: pixels a side, where the user says so.

    Example:
        >>> Conversion(Path("clip.pt"), Path("clip"), Path("tokenizer"), image_size=224).image_size
        224
    """

    source: Path
    out: Path
    tokenizer: Path
    image_size: int | None = None


@dataclass(frozen=True)
class ModelPlugin:
    """`name` as suites write it; `factory` takes the parameters as keyword-only arguments.

    expand: parameter -> how one value of it becomes several, as label -> value; empty where it stays one. So one entry
    of a suite may stand for many models (`checkpoint: recipe:FILE.yaml#*`). Raises SparsebenchError.

    convert: turns a checkpoint of the model's authors into a folder, all or nothing, and says what it found; None where
    there is nothing to convert. Raises ModelError.

    Example:
        @hookimpl
        def register_models():
            return [ModelPlugin("letters", Letters, "counts of letters")]
    """

    name: str
    factory: type[Model]
    summary: str
    expand: Mapping[str, Callable[[Json], Mapping[str, Json]]] = field(default_factory=dict)
    convert: Callable[[Conversion], str] | None = None


@dataclass(frozen=True)
class PostprocessorPlugin:
    """Registration of a postprocessor; fields are those of ModelPlugin.

    Example:
        @hookimpl
        def register_postprocessors():
            return [PostprocessorPlugin("centred", Centred, "scores minus their mean over the bank")]
    """

    name: str
    factory: type[Postprocessor]
    summary: str


@dataclass(frozen=True)
class AnalyzerPlugin:
    """Registration of an analyzer: fields as in ModelPlugin, and what the leaderboard shows of their values.

    What is declared here is written beside the records, so that a report needs no plugin.

    Example:
        AnalyzerPlugin("used", Used, "dimensions used", columns=(Column("used", "share", note="used: of all."),))
    """

    name: str
    factory: type[Analyzer]
    summary: str
    columns: Sequence[Column] | Callable[[Any], Sequence[Column]] = ()
    """Columns; or a function of the analyzer, where its parameters decide which there are."""

    curves: Sequence[Curves] | Callable[[Any], Sequence[Curves]] = ()
    """Charts of the HTML page; or a function of the analyzer."""

    def shown(self, analyzer: Analyzer) -> Shown:
        """Return the columns and curves that an analysis by this analyzer shows.

        Raises PluginError for anything that is no column and no curve, and for columns of a whole suite, which has no
        row.
        """
        try:
            columns = tuple(self.columns(analyzer) if callable(self.columns) else self.columns)
            curves = tuple(self.curves(analyzer) if callable(self.curves) else self.curves)
        except Exception as error:  # the plugin's own code
            raise PluginError(f"analyzer {self.name}: it does not say what it shows ({described(error)})") from error
        for kind, given in ((Column, columns), (Curves, curves)):
            for each in given:
                if not isinstance(each, kind):
                    raise PluginError(f"analyzer {self.name}: {each!r} is no {kind.__name__} of sparsebench")
        shown = Shown(columns, curves)
        if shown != Shown() and analyzer.level == "suite":
            raise PluginError(
                f"analyzer {self.name}: columns and curves are of a model or a cell, and it analyzes the whole suite; "
                "say it in its summary"
            )
        return shown


@dataclass(frozen=True)
class CollectionPlugin:
    """A collection that a package carries, or one whose files it reads: `name` is what suites write in `id:`.

    Example:
        CollectionPlugin("tea", Path(__file__).parent / "tea", "four sentences about tea")
        CollectionPlugin("clips", summary="captions of clips", source=Clips)

    Raises PluginError unless there is exactly one of `folder` and `source`.
    """

    name: str
    folder: Path | None = None
    """Absolute, in BEIR's layout."""
    summary: str = ""
    source: type[CollectionSource] | None = None
    """A class; its keyword-only arguments are parameters that suites write beside `id:`."""

    def __post_init__(self) -> None:
        if (self.folder is None) == (self.source is None):
            raise PluginError(f"the collection {self.name!r} needs exactly one of `folder` and `source`")
        if self.source is not None and not _is_source(self.source):
            raise PluginError(f"the source of the collection {self.name!r} is {self.source!r}, no CollectionSource")


def _is_source(found: object) -> bool:
    return isinstance(found, type) and issubclass(found, CollectionSource)


@hookspec
def register_models() -> Iterable[ModelPlugin]:  # type: ignore[empty-body]
    """Models that suites may name under `models:`."""


@hookspec
def register_postprocessors() -> Iterable[PostprocessorPlugin]:  # type: ignore[empty-body]
    """Postprocessors that suites may name under `postprocessors:`."""


@hookspec
def register_analyzers() -> Iterable[AnalyzerPlugin]:  # type: ignore[empty-body]
    """Analyzers that suites may name under `analyzers:`."""


@hookspec
def register_collections() -> Iterable[CollectionPlugin]:  # type: ignore[empty-body]
    """Collections that suites may name by `id:` under `collections:`."""
