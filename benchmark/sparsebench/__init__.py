"""sparsebench: an evaluation harness for learned sparse retrieval. This is the public face for plugin authors."""

from sparsebench.contracts import (
    Analysis,
    CellAnalyzer,
    CellContext,
    CollectionModel,
    CollectionSource,
    FitContext,
    GroupAnalyzer,
    GroupContext,
    LoadedEncoder,
    NotApplicable,
    Postprocessor,
    ScoredIds,
    Scorer,
    SparseEncoder,
    State,
    SuiteAnalyzer,
    SuiteContext,
    Vocabulary,
)
from sparsebench.contracts.hookspecs import AnalyzerPlugin, CollectionPlugin, ModelPlugin, PostprocessorPlugin, hookimpl
from sparsebench.types import Block, Document, Encoded, Query, Ranking, ScoreBlocks, Topics

__version__ = "0.1.0"

__all__ = [
    "Analysis",
    "AnalyzerPlugin",
    "Block",
    "CellAnalyzer",
    "CellContext",
    "CollectionModel",
    "CollectionPlugin",
    "CollectionSource",
    "Document",
    "Encoded",
    "FitContext",
    "GroupAnalyzer",
    "GroupContext",
    "LoadedEncoder",
    "ModelPlugin",
    "NotApplicable",
    "Postprocessor",
    "PostprocessorPlugin",
    "Query",
    "Ranking",
    "ScoreBlocks",
    "ScoredIds",
    "Scorer",
    "SparseEncoder",
    "State",
    "SuiteAnalyzer",
    "SuiteContext",
    "Topics",
    "Vocabulary",
    "hookimpl",
]
