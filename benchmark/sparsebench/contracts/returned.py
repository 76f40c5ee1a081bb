"""Check the results of analyzers before they are written: what is kept must not trouble a later run."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from sparsebench.contracts.analyzers import RESERVED_VALUES, Analysis
from sparsebench.contracts.plain import plain_json, plain_mapping
from sparsebench.errors import ContractError

LONGEST_FILE_NAME = 200
"""Bytes."""

RESERVED_FILE = "analysis.json"
"""What the harness calls the values of an analysis, beside its files."""


def checked_analysis(returned: object, owner: str) -> Analysis:
    """Check an analyzer's result: its values plain JSON and its files text with plain names; raises ContractError."""
    if not isinstance(returned, Analysis):
        raise ContractError(owner, "Analysis", f"it returned {type(returned).__name__}, not sparsebench.Analysis")
    values = plain_mapping(returned.values, owner, "values")
    if taken := sorted(RESERVED_VALUES & values.keys()):
        raise ContractError(owner, "values", f"the harness writes {', '.join(taken)} itself; call the value otherwise")
    summary = plain_json(returned.summary, owner, "summary")
    if not isinstance(summary, str):
        raise ContractError(owner, "summary", f"summary is of type {type(summary).__name__}, not text")
    return replace(returned, values=values, files=_files(returned.files, owner), summary=summary)


def _files(files: object, owner: str) -> Mapping[str, str]:
    found = plain_mapping(files, owner, "files")
    for name, text in found.items():
        if not name or name in (".", "..", RESERVED_FILE) or set(name) & set("/\\\0"):
            raise ContractError(owner, "file names", f"a file cannot be named {name!r}: its name holds no folder")
        if len(name.encode()) > LONGEST_FILE_NAME:
            raise ContractError(owner, "file names", f"{name[:20] + '…'!r} has more than {LONGEST_FILE_NAME} bytes")
        if not isinstance(text, str):
            raise ContractError(owner, "files", f"{name} holds {type(text).__name__}, not text")
    return found
