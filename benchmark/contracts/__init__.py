"""What a plugin is: the classes that models, postprocessors, analyzers and collections implement.

Every parameter of a plugin is a keyword-only argument of its `__init__`, typed; ranges are given as
`Annotated[float, Gt(0)]` (annotated_types). Making an object is cheap and imports no torch; loading is explicit.
"""

from benchmark.contracts.analyzers import (
    Analysis,
    Analyzer,
    CellAnalyzer,
    CellContext,
    GroupAnalyzer,
    GroupContext,
    NotApplicable,
    SuiteAnalyzer,
    SuiteContext,
)
from benchmark.contracts.collections import CollectionSource
from benchmark.contracts.fetchable import Fetchable
from benchmark.contracts.models import (
    CollectionModel,
    LoadedEncoder,
    Model,
    ScoredIds,
    Scorer,
    SparseEncoder,
    Vocabulary,
)
from benchmark.contracts.postprocessors import FitContext, Postprocessor, RowStats, State

__all__ = [
    "Analysis",
    "Analyzer",
    "CellAnalyzer",
    "CellContext",
    "CollectionModel",
    "CollectionSource",
    "Fetchable",
    "FitContext",
    "GroupAnalyzer",
    "GroupContext",
    "LoadedEncoder",
    "Model",
    "NotApplicable",
    "Postprocessor",
    "RowStats",
    "ScoredIds",
    "Scorer",
    "SparseEncoder",
    "State",
    "SuiteAnalyzer",
    "SuiteContext",
    "Vocabulary",
]
