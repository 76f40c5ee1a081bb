"""The record of a cell: one JSON file that says what was computed, from what, and how it came out.

A leaderboard is a pure function of records. Every key is described here and in `facts`, once; `schema` counts the
breaking changes.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import Field, ValidationError

from sparsebench.disclosure.privacy import hidden
from sparsebench.records.facts import Costs, Provenance, Tuning, Written
from sparsebench.records.patterns import cell_name
from sparsebench.records.schema_1 import upgraded
from sparsebench.records.sealed import SCHEMA, SCHEMA_VERSION, Damage, sealed, unsealed
from sparsebench.store import write_atomically
from sparsebench.types import Candidates, Json, Sees

EMPTY: Any = Field(default_factory=dict)


class Part(Written):
    """One of the three things that make a cell."""

    name: Annotated[str, Field(description="the plugin's name; a collection's id or folder")]
    label: Annotated[str, Field(description="how tables call it; unique within a suite")]
    params: Annotated[dict[str, Any], Field(description="every parameter, defaults filled in")]


class CellDescription(Written):
    """Description of what a cell evaluated."""

    collection: Part
    model: Part
    postprocessor: Part
    candidates: Annotated[Candidates, Field(description="which documents could be ranked (METHODS 3)")]
    depth: Annotated[int, Field(description="length of the run, k")]
    about_model: Annotated[
        dict[str, Any],
        Field(
            description="known of the model beside its parameters: lengths, what the suite overrides, whether it is as "
            "its authors ran it, what it was trained on, whether this collection is zero-shot for it"
        ),
    ] = EMPTY

    def __str__(self) -> str:
        return cell_name(self.collection.label, self.model.label, self.postprocessor.label)


class Record(Written):
    """One cell: a model with a postprocessor on a collection.

    Example: `sparsebench.load_records("runs/quickstart").records[0].measures["nDCG@10"]`.
    """

    schema_version: Annotated[Literal[2], Field(alias="schema", description="version of this schema")] = SCHEMA_VERSION
    key: Annotated[str, Field(description="SHA-256 of all that determines the run")]
    status: Annotated[Literal["ok", "failed"], Field(description="whether the cell has a run")]
    cell: CellDescription
    measures: Annotated[dict[str, float], Field(description="measure -> mean over the test queries")] = Field(
        default_factory=dict
    )
    failed_measures: Annotated[dict[str, str], Field(description="measure that failed -> why; the others stand")] = (
        Field(default_factory=dict)
    )
    files: Annotated[dict[str, str], Field(description="file beside the record -> its SHA-256")] = Field(
        default_factory=dict
    )
    analysis: Annotated[dict[str, Json], Field(description="analyzer -> what it found, and the key of its files")] = (
        Field(default_factory=dict)
    )
    sees: Annotated[Sees | None, Field(description="what the postprocessor may see: query, bank or batch")] = None
    tuning: Annotated[Tuning | None, Field(description="what was tuned, on what, every value tried")] = None
    error: Annotated[str | None, Field(description="why a failed cell failed")] = None
    provenance: Provenance = Provenance()
    costs: Annotated[Costs | None, Field(description="null where it is published or failed; not in any key")] = None

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

    def to_json(self, *, indent: int | None = 1) -> str:
        """The record as it lies on disk, with its checksum; indent: None for one line."""
        return json.dumps(sealed(hidden(self.model_dump(by_alias=True))), indent=indent, ensure_ascii=False) + "\n"


def write_record(path: Path, record: Record) -> None:
    """Write `record.json`, atomically and only when it changes."""
    text = record.to_json().encode()
    if not path.is_file() or path.read_bytes() != text:
        write_atomically(path, text.decode())


def read_record(path: Path, *, remedy: str) -> Record:
    """Read a record. Raises Damage with the file and the remedy when it is not what was written."""
    return parse_record(path.read_bytes(), str(path), remedy=remedy)


def parse_record(text: str | bytes, where: str, *, remedy: str) -> Record:
    """Read a record of this schema or of schema 1; `where` names the text in errors. Raises Damage."""
    content = unsealed(text, where, remedy=remedy)
    try:
        return Record.model_validate(upgraded(content) if content.get(SCHEMA) == 1 else content)
    except ValidationError as error:
        reasons = "; ".join(f"{'.'.join(map(str, item['loc']))}: {item['msg']}" for item in error.errors())
        raise Damage(where, f"it is no record of schema {SCHEMA_VERSION} ({reasons})", remedy) from error
    except (KeyError, TypeError, AttributeError) as error:
        raise Damage(where, f"it is no record of schema 1 ({error})", remedy) from error
