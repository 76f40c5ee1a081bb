"""Recall plugins that an earlier run of a suite had and this one lacks, for messages on unknown names."""

from __future__ import annotations

from pathlib import Path

from sparsebench.errors import SparsebenchError
from sparsebench.records import Index, SuiteFolder, read_record
from sparsebench.registry import Registry
from sparsebench.suite import suite_name


def recalled(suite: str, runs: Path, registry: Registry) -> str:
    """Return a line with the `-p` that made the results in `runs`; nothing where these have no other plugin."""
    try:
        place = SuiteFolder(runs / suite_name(suite))
        paths = [path for key in Index.read(place.path).cells if (path := place.record(key)).is_file()]
        records = [read_record(path, remedy=place.remedy) for path in paths]
    except SparsebenchError:  # there are no results, or none that can be believed
        return ""
    known = {provider.name for provider in registry.providers}
    used = [provider for record in records for provider in record.provenance.plugins.values()]
    lacking = {each.name: _switch(each.distribution, each.module) for each in used if each.name not in known}
    if not lacking:
        return ""
    return f"\nThe results in {place.path} were made with {' '.join(f'-p {each}' for each in lacking.values())}"


def _switch(distribution: str, module: str) -> str:
    """A file is its own distribution."""
    return distribution if distribution.endswith(".py") else module
