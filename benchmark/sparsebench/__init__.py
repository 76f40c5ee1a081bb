"""The public face: nouns, contracts and errors for plugins, and `run`, `plan`, `load_records` for notebooks."""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

from sparsebench.contracts import (
    Analysis,
    Axis,
    CellAnalyzer,
    CellContext,
    CollectionModel,
    CollectionSource,
    Column,
    Curves,
    EncodedFeatures,
    Features,
    FitContext,
    GroupAnalyzer,
    GroupContext,
    LoadedEncoder,
    LoadedPairedEncoder,
    NotApplicable,
    PairedEncoder,
    Postprocessor,
    Rounding,
    RowStats,
    ScoredIds,
    Scorer,
    Side,
    SparseEncoder,
    State,
    SuiteAnalyzer,
    SuiteContext,
    VectorsById,
    Vocabulary,
)
from sparsebench.contracts.hookspecs import (
    AnalyzerPlugin,
    CollectionPlugin,
    Conversion,
    ModelPlugin,
    PostprocessorPlugin,
    hookimpl,
)
from sparsebench.errors import (
    CollectionError,
    ModelError,
    NotAtHandError,
    PluginError,
    ScoreError,
    SparsebenchError,
    StoreError,
    SuiteError,
    TrainingError,
)
from sparsebench.types import (
    Block,
    Document,
    Domain,
    Encoded,
    Json,
    Qrels,
    Query,
    Ranking,
    Role,
    Run,
    ScoreBlocks,
    Sees,
    Topics,
)

if TYPE_CHECKING:
    from sparsebench.api import CellOverview, GroupOverview, Planned, Results, load_records, plan, run
    from sparsebench.records import Record

__version__ = "0.1.0"

__all__ = [
    "Analysis",
    "AnalyzerPlugin",
    "Axis",
    "Block",
    "CellAnalyzer",
    "CellContext",
    "CellOverview",
    "CollectionError",
    "CollectionModel",
    "CollectionPlugin",
    "CollectionSource",
    "Conversion",
    "Column",
    "Curves",
    "Document",
    "Domain",
    "Encoded",
    "EncodedFeatures",
    "Features",
    "FitContext",
    "GroupAnalyzer",
    "GroupContext",
    "GroupOverview",
    "Json",
    "LoadedEncoder",
    "LoadedPairedEncoder",
    "ModelError",
    "ModelPlugin",
    "NotApplicable",
    "NotAtHandError",
    "PairedEncoder",
    "Planned",
    "PluginError",
    "Postprocessor",
    "PostprocessorPlugin",
    "Qrels",
    "Query",
    "Ranking",
    "Record",
    "Results",
    "Role",
    "Rounding",
    "RowStats",
    "Run",
    "ScoreBlocks",
    "ScoreError",
    "ScoredIds",
    "Scorer",
    "Sees",
    "Side",
    "SparseEncoder",
    "SparsebenchError",
    "State",
    "StoreError",
    "SuiteAnalyzer",
    "SuiteContext",
    "SuiteError",
    "Topics",
    "TrainingError",
    "VectorsById",
    "Vocabulary",
    "hookimpl",
    "load_records",
    "plan",
    "run",
]

_WHEN_ASKED = {
    "Record": "sparsebench.records",
    **dict.fromkeys(
        ("CellOverview", "GroupOverview", "Planned", "Results", "load_records", "plan", "run"), "sparsebench.api"
    ),
}
"""Name -> module. Importing these costs more than everything else here together, and few plugins need them."""


def __dir__() -> list[str]:
    return sorted({*globals(), *_WHEN_ASKED})


def __getattr__(name: str) -> Any:
    if name not in _WHEN_ASKED:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    # Named by a string: nothing here depends on what these modules import, which in the end is everything.
    return getattr(importlib.import_module(_WHEN_ASKED[name]), name)
