"""Choose cells of a plan by patterns."""

from __future__ import annotations

import fnmatch
from collections.abc import Sequence
from dataclasses import replace

from sparsebench.errors import SparsebenchError
from sparsebench.planning.plan import Group, Plan


def select(plan: Plan, patterns: Sequence[str]) -> Plan:
    """The cells that match any pattern; all of them where there is none."""
    if not patterns:
        return plan
    groups = [
        replace(group, cells=tuple(cell for cell in group.cells if _matches(group, cell.spec.label, patterns)))
        for group in plan.groups
    ]
    chosen = tuple(group for group in groups if group.cells)
    if not chosen:
        names = "\n".join(f"  {cell_name(group, cell.spec.label)}" for group, cell in plan.cells)
        raise SparsebenchError(f"no cell matches {' '.join(patterns)}. There is:\n{names}")
    return replace(plan, groups=chosen)


def cell_name(group: Group, postprocessor: str) -> str:
    """How commands call a cell: collection/model/postprocessor, by label."""
    return "/".join((group.collection.spec.label, group.model.spec.label, postprocessor))


def _matches(group: Group, postprocessor: str, patterns: Sequence[str]) -> bool:
    names = (group.collection.spec.label, group.model.spec.label, postprocessor, cell_name(group, postprocessor))
    # A label of a grid has brackets, which a pattern reads as a set of characters.
    return any(name == pattern or fnmatch.fnmatchcase(name, pattern) for name in names for pattern in patterns)
