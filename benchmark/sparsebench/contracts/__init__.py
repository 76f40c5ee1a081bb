"""The contract of plugins: base classes of models, postprocessors, analyzers and collections, and the hooks.

Every parameter of a plugin is a keyword-only argument of its `__init__`, typed; ranges are given as
`Annotated[float, Gt(0)]` (annotated_types). Making an object is cheap and imports no torch; loading is explicit.
"""

from sparsebench.contracts.analyzers import (
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
from sparsebench.contracts.collections import CollectionSource
from sparsebench.contracts.display import Axis, Column, Curves, Shown
from sparsebench.contracts.fetchable import Fetchable
from sparsebench.contracts.models import (
    CollectionModel,
    LoadedEncoder,
    Model,
    ScoredIds,
    Scorer,
    SparseEncoder,
    VectorModel,
    VectorsById,
    Vocabulary,
)
from sparsebench.contracts.paired import EncodedFeatures, Features, LoadedPairedEncoder, PairedEncoder, Side
from sparsebench.contracts.postprocessors import FitContext, Postprocessor, RowStats, State
from sparsebench.contracts.rounding import Rounding

__all__ = [
    "Analysis",
    "Analyzer",
    "Axis",
    "CellAnalyzer",
    "CellContext",
    "CollectionModel",
    "CollectionSource",
    "Column",
    "Curves",
    "EncodedFeatures",
    "Features",
    "Fetchable",
    "FitContext",
    "GroupAnalyzer",
    "GroupContext",
    "LoadedEncoder",
    "LoadedPairedEncoder",
    "Model",
    "NotApplicable",
    "PairedEncoder",
    "Postprocessor",
    "Rounding",
    "RowStats",
    "ScoredIds",
    "Scorer",
    "Side",
    "Shown",
    "SparseEncoder",
    "State",
    "SuiteAnalyzer",
    "SuiteContext",
    "VectorModel",
    "VectorsById",
    "Vocabulary",
]
