"""The parts of a cell's key, kept beside its record, so that plans can say what has changed since.

Nothing is computed from them, and nothing vouches for them: where they are gone, only the reason is.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from sparsebench.disclosure.privacy import hidden
from sparsebench.records.layout import KEY_FILE, SuiteFolder
from sparsebench.store import write_atomically
from sparsebench.types import Json


@dataclass(frozen=True)
class Made:
    """A cell that was computed. cell: its three labels as one name. parts: of its key."""

    cell: str
    parts: Mapping[str, Json]


def write_made(folder: SuiteFolder, key: str, made: Made) -> None:
    """Write the parts beside the record of `key`, where they are not there or not whole."""
    content = hidden({"cell": made.cell, "parts": dict(made.parts)})
    path, text = folder.cell(key) / KEY_FILE, json.dumps(content, indent=1, sort_keys=True, ensure_ascii=False) + "\n"
    if not path.is_file() or path.read_bytes() != text.encode():
        write_atomically(path, text)


def read_made(folder: SuiteFolder) -> Iterator[Made]:
    """Yield all cells below a suite's folder, those that it has no more too; what cannot be read is passed over."""
    for path in sorted(folder.path.glob(f"*/{KEY_FILE}")):
        try:
            found = json.loads(path.read_bytes())
            made = Made(str(found["cell"]), found["parts"])
        except (OSError, ValueError, LookupError, TypeError, RecursionError):
            continue
        if isinstance(made.parts, dict):
            yield made
