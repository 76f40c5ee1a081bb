"""Kept analyses in `runs/<suite>/analyses/<key>/`: written with checksums, found again when whole."""

from __future__ import annotations

import json
from collections.abc import Mapping

from sparsebench.provenance.digests import sha256
from sparsebench.records.layout import ANALYSIS_FILE, SuiteFolder, short
from sparsebench.records.sealed import SCHEMA, SCHEMA_VERSION, Damage, check_file, sealed, unsealed
from sparsebench.store import write_atomically
from sparsebench.types import Json


def find_analysis(folder: SuiteFolder, key: str) -> dict[str, Json] | None:
    """Find the analysis kept under this key, as records hold it; None where it is not there.

    Raises Damage where it or one of its files is not what was written.
    """
    place = folder.analysis(key)
    path = place / ANALYSIS_FILE
    if not path.is_file():
        return None
    found = unsealed(path.read_bytes(), path, remedy=folder.remedy)
    if found.pop(SCHEMA, None) != SCHEMA_VERSION or found.get("artefact") != short(key):
        raise Damage(path, "it is of another analysis, or of an older sparsebench", folder.remedy)
    for name, checksum in found["files"].items():
        check_file(place / name, checksum, remedy=folder.remedy)
    return found


def keep_analysis(
    folder: SuiteFolder, key: str, values: Mapping[str, Json], files: Mapping[str, str], summary: str
) -> dict[str, Json]:
    """Write down what was found and return it as records hold it: the values, `artefact`, `files`, `summary`.

    files: name -> text. Their checksums are kept.
    """
    place = folder.analysis(key)
    for name, text in files.items():
        write_atomically(place / name, text)
    found: dict[str, Json] = {
        **values,
        "artefact": short(key),
        "files": {name: sha256(place / name) for name in sorted(files)},
        **({"summary": summary} if summary else {}),
    }
    # Last: while it is missing, or names other checksums, the analysis counts as not there.
    write_atomically(place / ANALYSIS_FILE, json.dumps(sealed(found), indent=1, ensure_ascii=False) + "\n")
    return found
