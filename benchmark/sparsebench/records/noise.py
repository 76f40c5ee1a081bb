"""Results of `sparsebench noise`, kept beside the records: how far a mean moves when texts are encoded again."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path

from pydantic import BaseModel, ConfigDict, ValidationError

from sparsebench.disclosure.privacy import hidden
from sparsebench.provenance.digests import digest
from sparsebench.records.layout import NOISE_FILE
from sparsebench.records.record import Record
from sparsebench.records.sealed import SCHEMA, Damage, sealed, unsealed
from sparsebench.store import write_atomically
from sparsebench.types import Json


class _Stored(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class Change(_Stored):
    """Change of the measures under one other way of encoding.

    means: measure -> its new mean minus the old. weight: the largest difference of two weights. flips: entries that
    are active on one side alone. rankings: share of the test queries whose ranking is another. counts: whether it is
    noise; another precision (`dtype`) is a choice of the suite, and moves no floor.
    """

    variation: str
    means: dict[str, float]
    weight: float
    flips: int
    rankings: float
    counts: bool = True


class GroupNoise(_Stored):
    """Noise of one model on one collection.

    made_of: digest of what determines its vectors. hardware: fingerprint of the machine. floors: measure -> the largest
    move of its mean. sampled, queries: how many of the documents and how many queries were encoded again; entries:
    active in these; all 0 for a scorer. left_out: variation -> why this machine does not have it.
    """

    collection: str
    model: str
    made_of: str
    hardware: str
    documents: int
    floors: dict[str, float]
    sampled: int = 0
    queries: int = 0
    entries: int = 0
    changes: tuple[Change, ...] = ()
    left_out: dict[str, str] = {}


class Noise(_Stored):
    """Noise of a suite."""

    groups: tuple[GroupNoise, ...] = ()

    def with_group(self, new: GroupNoise) -> Noise:
        """Return the results with those of a group measured now, in place of earlier ones."""
        others = [of for of in self.groups if (of.collection, of.model) != (new.collection, new.model)]
        return Noise(groups=(*others, new))

    def floor(self, record: Record, measure: str) -> float | None:
        """Return how far a mean of the record's model moves; None if not measured on these very vectors."""
        made_of = vectors_digest(*_made_of(record))
        place = record.cell.collection.label, record.cell.model.label, made_of
        found = {(of.collection, of.model, of.made_of): of.floors for of in self.groups}
        return found.get(place, {}).get(measure)

    def write(self, folder: Path) -> None:
        """Write `noise.json`."""
        content = sealed(hidden(self.model_dump(mode="json")))
        write_atomically(folder / NOISE_FILE, json.dumps(content, indent=1, ensure_ascii=False) + "\n")


def vectors_digest(identities: Json, collection: Json) -> str:
    """Digest what determines vectors and their measures: identity by role, and the collection's digests."""
    return digest(hidden([identities, collection]))


def read_noise(folders: Sequence[Path]) -> Noise | None:
    """Read the noise floor from the first folder that has one; raises Damage where it is not what was written."""
    found = next((folder for folder in folders if (folder / NOISE_FILE).is_file()), None)
    return _read(found / NOISE_FILE, f"`sparsebench noise {found.name}` measures it again.") if found else None


def _read(path: Path, remedy: str) -> Noise:
    content = unsealed(path.read_bytes(), path, remedy=remedy)
    content.pop(SCHEMA, None)
    try:
        return Noise.model_validate(content)
    except ValidationError as error:
        raise Damage(path, error.errors()[0]["msg"], remedy) from error


def floor_of_difference(noise: Noise | None, records: Sequence[Record], measure: str) -> float | None:
    """Return how far the difference of two records can move: both sides may, and in opposite directions."""
    floors = [noise.floor(record, measure) if noise else None for record in records]
    known = [floor for floor in floors if floor is not None]
    return sum(known) if len(known) == len(floors) else None


def noise_note(noise: Noise | None, records: Sequence[Record], measure: str, *, greyed: bool) -> str:
    """Return the note under a table, with what parentheses mean where there are any; empty if nothing was measured."""
    floors = {record.cell.model.label: noise.floor(record, measure) for record in records} if noise else {}
    known = [f"{floor:.2g} ({model})" for model, floor in floors.items() if floor is not None]
    if not known:
        return ""
    parentheses = " In parentheses: a difference no larger than what both its models move together." if greyed else ""
    return f"Encoding the same texts in other ways moved {measure} by at most {', '.join(known)}.{parentheses}"


def _made_of(record: Record) -> tuple[Json, Json]:
    model, collection = record.provenance.model, record.provenance.collection
    return model.identity if model else None, collection.digests if collection else None
