"""Choose cells of a plan by patterns."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from sparsebench.errors import SparsebenchError
from sparsebench.planning.plan import Group, Plan, PlannedCell
from sparsebench.records import patterns


def select(plan: Plan, only: Sequence[str]) -> Plan:
    """The cells that match any pattern; all of them where there is none."""
    if not only:
        return plan
    groups = [
        replace(group, cells=tuple(cell for cell in group.cells if patterns.matches(*_labels(group, cell), only)))
        for group in plan.groups
    ]
    chosen = tuple(group for group in groups if group.cells)
    if not chosen:
        names = "\n".join(f"  {cell_name(group, cell.spec.label)}" for group, cell in plan.cells)
        raise SparsebenchError(f"no cell matches {' '.join(only)}. There is:\n{names}")
    return replace(plan, groups=chosen)


def cell_name(group: Group, postprocessor: str) -> str:
    """Return the name of a group's cell in commands."""
    return patterns.cell_name(group.collection.spec.label, group.model.spec.label, postprocessor)


def _labels(group: Group, cell: PlannedCell) -> tuple[str, str, str]:
    return group.collection.spec.label, group.model.spec.label, cell.spec.label
