"""Suite in, groups of cells with keys out."""

from sparsebench.plan.model import ResolvedModel, resolve_model
from sparsebench.plan.plan import (
    Group,
    Plan,
    PlannedAnalysis,
    PlannedCell,
    finished,
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
    "finished",
    "make_plan",
    "missing_documents",
    "plan_analysis",
    "resolve_model",
]
