"""Read a suite file: its schema, its checks, every mistake with file, line and column."""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping
from pathlib import Path

from sparsebench.config.include import read_with_includes
from sparsebench.config.limits import check_cells
from sparsebench.config.mistakes import Mistakes
from sparsebench.config.override import override
from sparsebench.registry import Registry
from sparsebench.suite.assemble import assemble
from sparsebench.suite.check import check
from sparsebench.suite.entries import resolve_entries
from sparsebench.suite.expand import spell_out
from sparsebench.suite.find import find_suite, is_sample, list_suites, suite_name, variant_name
from sparsebench.suite.paths import resolve_paths
from sparsebench.suite.schema import (
    AnalyzerSpec,
    BankSample,
    BankSource,
    Baseline,
    CollectionSpec,
    Columns,
    DevSource,
    ModelSpec,
    PostprocessorSpec,
    Suite,
    Tuning,
)

CELLS_OF = {"collections": 1, "models": 1, "postprocessors": 1}
"""What cells are made of, and how many there are where a suite names none."""

__all__ = [
    "AnalyzerSpec",
    "BankSample",
    "BankSource",
    "Baseline",
    "CollectionSpec",
    "Columns",
    "DevSource",
    "ModelSpec",
    "PostprocessorSpec",
    "Suite",
    "Tuning",
    "find_suite",
    "is_sample",
    "list_suites",
    "load_suite",
    "suite_name",
    "variant_name",
]


def load_suite(
    path_or_name: str | Path,
    registry: Registry,
    overrides: Iterable[str] = (),
    environ: Mapping[str, str] = os.environ,
) -> Suite:
    """Read a suite and check all of it against the registry.

    overrides: `models.0.checkpoint=VALUE`, as of `--set`. Raises SuiteError with one line for every mistake.
    """
    mistakes = Mistakes()
    tree = read_with_includes(find_suite(path_or_name), environ, mistakes, find_suite)
    tree = override(tree, overrides, mistakes)
    tree = resolve_paths(tree, environ, mistakes)
    tree = spell_out(tree, registry, mistakes)
    if not check_cells(tree, CELLS_OF, mistakes):
        mistakes.raise_if_any()
    entries = resolve_entries(tree, registry, mistakes)
    check(tree, mistakes)
    return assemble(tree, entries, mistakes)
