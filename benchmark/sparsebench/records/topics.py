"""What a collection tested, beside the records of a suite: its queries and their judgments, for other tools."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass

from sparsebench.provenance.digests import digest
from sparsebench.records.layout import SuiteFolder
from sparsebench.records.sealed import SCHEMA, Damage, sealed, unsealed
from sparsebench.store import write_atomically
from sparsebench.types import Json, Qrels


@dataclass(frozen=True)
class Tested:
    """queries: query_id -> text, in the collection's order. qrels: query_id -> doc_id -> grade.

    Example: `Tested({"q1": "apple"}, {"q1": {"d1": 1}})`.
    """

    queries: Mapping[str, str]
    qrels: Qrels


def keep_tested(folder: SuiteFolder, digests: Mapping[str, Json], tested: Tested) -> None:
    """Write it down under the digests of the collection, once: what these name does not change."""
    path = folder.tested(digest(dict(digests)))
    if not path.is_file():
        content = {"queries": dict(tested.queries), "qrels": {name: dict(of) for name, of in tested.qrels.items()}}
        write_atomically(path, json.dumps(sealed(content), ensure_ascii=False) + "\n")


def read_tested(folder: SuiteFolder, digests: Mapping[str, Json]) -> Tested:
    """Raises Damage where it is not there, or not what was written."""
    path = folder.tested(digest(dict(digests)))
    try:
        content = unsealed(path.read_bytes(), path, remedy=folder.remedy)
    except FileNotFoundError:
        raise Damage(path, "it is missing", folder.remedy) from None
    content.pop(SCHEMA, None)
    return Tested(content["queries"], content["qrels"])
