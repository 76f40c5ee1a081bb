"""Queries and judgments of a collection, kept beside the records of a suite for other tools."""

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
    """Queries and judgments of a test.

    queries: query_id -> text, in the collection's order. qrels: query_id -> doc_id -> grade.

    Example: `Tested({"q1": "apple"}, {"q1": {"d1": 1}})`.
    """

    queries: Mapping[str, str]
    qrels: Qrels


def keep_tested(folder: SuiteFolder, digests: Mapping[str, Json], tested: Tested) -> None:
    """Write it down under the digests of the collection, where it is not there or not whole."""
    path = folder.tested(digest(dict(digests)))
    content = {"queries": dict(tested.queries), "qrels": {name: dict(of) for name, of in tested.qrels.items()}}
    text = json.dumps(sealed(content), ensure_ascii=False) + "\n"
    if not path.is_file() or path.read_bytes() != text.encode():
        write_atomically(path, text)


def read_tested(folder: SuiteFolder, digests: Mapping[str, Json]) -> Tested:
    """Read queries and judgments. Raises Damage where it is not there, or not what was written."""
    path = folder.tested(digest(dict(digests)))
    try:
        content = unsealed(path.read_bytes(), path, remedy=folder.remedy)
    except FileNotFoundError:
        raise Damage(path, "it is missing", folder.remedy) from None
    content.pop(SCHEMA, None)
    if content.keys() != {"queries", "qrels"}:
        raise Damage(path, "it holds no queries and judgments", folder.remedy)
    return Tested(content["queries"], content["qrels"])
