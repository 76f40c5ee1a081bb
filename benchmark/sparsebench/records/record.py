"""The record of a cell: one JSON file that says what was computed, from what, and how it came out.

A leaderboard is a pure function of records. Every key is described here, once; `schema` counts the breaking changes.
"""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from sparsebench.errors import StoreError
from sparsebench.store import write_atomically
from sparsebench.types import Candidates, Json, PerQuery, Sees

SCHEMA_VERSION = 1
RECORD_FILE = "record.json"
RUN_FILE = "run.trec.gz"
PER_QUERY_FILE = "per_query.csv"


class _Frozen(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", populate_by_name=True)


class Part(_Frozen):
    """One of the three things that make a cell."""

    name: Annotated[str, Field(description="the plugin's name; a collection's id or folder")]
    label: Annotated[str, Field(description="how tables call it; unique within a suite")]
    params: Annotated[dict[str, Any], Field(description="every parameter, defaults filled in")]


class CellDescription(_Frozen):
    """What was evaluated."""

    collection: Part
    model: Part
    postprocessor: Part
    candidates: Annotated[Candidates, Field(description="which documents could be ranked (METHODS 3)")]
    depth: Annotated[int, Field(description="length of the run, k")]


class Record(_Frozen):
    """One cell: a model with a postprocessor on a collection."""

    schema_version: Annotated[int, Field(alias="schema", description="version of this schema")] = SCHEMA_VERSION
    key: Annotated[str, Field(description="SHA-256 of all that determines the run")]
    status: Annotated[Literal["ok", "failed"], Field(description="whether the cell has a run")]
    cell: CellDescription
    measures: Annotated[dict[str, float], Field(description="measure -> mean over the test queries")] = {}
    queries: Annotated[str | None, Field(description="file of per-query values beside the record")] = None
    analysis: Annotated[dict[str, Json], Field(description="analyzer -> what it found, and the key of its files")] = {}
    sees: Annotated[Sees | None, Field(description="what the postprocessor may see: query, bank or batch")] = None
    tuning: Annotated[dict[str, Json] | None, Field(description="what was tuned, on what, every value tried")] = None
    error: Annotated[str | None, Field(description="why a failed cell failed")] = None
    provenance: Annotated[dict[str, Json], Field(description="software, plugins, checkpoint, collection, device")] = {}
    costs: Annotated[
        dict[str, Json], Field(description="seconds and peak memory by stage, hardware; not in any key")
    ] = {}

    def analyses_by(self, analyzer: str) -> dict[str, Mapping[str, Json]]:
        """Map label to findings, for the analyses that the analyzer of this name made.

        A record that was written before analyses named their analyzer (schema 1) has the label alone, which is that
        name unless the suite gave another.
        """
        return {
            label: found
            for label, found in self.analysis.items()
            if found.get("analyzer", {}).get("name", label) == analyzer
        }

    def to_json(self) -> str:
        """The record as it lies on disk."""
        return json.dumps(self.model_dump(by_alias=True), indent=1, ensure_ascii=False) + "\n"


def write_record(folder: Path, record: Record) -> None:
    """Write `record.json`, atomically and only when it changes."""
    path, text = folder / RECORD_FILE, record.to_json()
    if not path.is_file() or path.read_text(encoding="utf-8") != text:
        write_atomically(path, text)


def read_record(path: Path) -> Record:
    """Raises StoreError with the file when it is damaged or of another schema."""
    return parse_record(path.read_bytes(), str(path))


def parse_record(text: str | bytes, where: str) -> Record:
    """As read_record, from text; `where` names it in errors."""
    try:
        return Record.model_validate_json(text)
    except ValidationError as error:
        reasons = "; ".join(f"{'.'.join(map(str, item['loc']))}: {item['msg']}" for item in error.errors())
        raise StoreError(
            f"{where}: not a record of schema {SCHEMA_VERSION} ({reasons}). Delete its folder and run the suite again."
        ) from error


def per_query_csv(per_query: PerQuery) -> str:
    """Per-query values as CSV: `query_id` and one column a measure, queries in order of their ids."""
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow(["query_id", *per_query])
    for query_id in sorted(next(iter(per_query.values()), {})):
        writer.writerow([query_id, *(format(values[query_id], ".6g") for values in per_query.values())])
    return out.getvalue()


def read_per_query(text: str) -> PerQuery:
    """The inverse of per_query_csv."""
    header, *rows = csv.reader(io.StringIO(text))
    return {measure: {row[0]: float(row[i]) for row in rows} for i, measure in enumerate(header[1:], start=1)}
