"""Suite in, groups of cells with keys out."""

from sparsebench.planning.model import ResolvedModel, resolve_model
from sparsebench.planning.plan import (
    Group,
    Plan,
    PlannedAnalysis,
    PlannedCell,
    make_plan,
    missing_documents,
    plan_analysis,
)

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
