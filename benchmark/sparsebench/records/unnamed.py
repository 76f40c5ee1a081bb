"""Find leftovers below `runs/<suite>/`: cells and analyses of earlier parameters or code."""

from __future__ import annotations

import re
from pathlib import Path

from sparsebench.records.index import Index
from sparsebench.records.layout import SuiteFolder, short
from sparsebench.records.record import read_record

_NAME = re.compile(r"[0-9a-f]{16}")


def unnamed(folder: Path) -> list[Path]:
    """Folders of cells that the index does not name, and of analyses that neither it nor a record of these names.

    Files of others are never among them. Raises StoreError where there is no index, Damage where a file is not what was
    written: then nothing is known of what it names.
    """
    index, place = Index.read(folder), SuiteFolder(folder)
    cells = {short(key) for key in index.cells}
    paths = [place.record(key) for key in index.cells]
    records = [read_record(path, remedy=place.remedy) for path in paths if path.is_file()]
    found = [*index.analyses.values(), *(each for record in records for each in record.analysis.values())]
    analyses = {short(each["artefact"]) for each in found if "artefact" in each}
    return [*_others(folder, cells), *_others(folder / "analyses", analyses)]


def _others(folder: Path, named: set[str]) -> list[Path]:
    there = sorted(folder.iterdir()) if folder.is_dir() else []
    return [path for path in there if path.is_dir() and _NAME.fullmatch(path.name) and path.name not in named]
