"""Plan a suite: groups of cells with the keys of their artefacts, device, what is missing, how long it takes."""

from sparsebench.planning.model import ResolvedModel, resolve_model
from sparsebench.planning.plan import (
    Group,
    Plan,
    PlannedAnalysis,
    PlannedCell,
    make_plan,
    plan_analysis,
)
from sparsebench.planning.shards import missing_documents

__all__ = [
    "Group",
    "Plan",
    "PlannedAnalysis",
    "PlannedCell",
    "ResolvedModel",
    "make_plan",
    "missing_documents",
    "plan_analysis",
    "resolve_model",
]
