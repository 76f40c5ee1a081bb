"""Explain why a cell is to be computed: how the parts of its key differ from those of the nearest that was."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence

from sparsebench.disclosure.privacy import hidden
from sparsebench.planning.plan import Group, PlannedCell
from sparsebench.planning.select import cell_name
from sparsebench.records import Damage, SuiteFolder, find_record, read_record
from sparsebench.records.made_of import Made
from sparsebench.types import Json

MOST = 4
NEVER = "never computed"
_DIGEST = re.compile(r"(?:sha256:)?[0-9a-f]{12,}")
ROLES = {"query": "queries", "document": "documents"}
WORDS = {
    "code": "code that ranks",
    "ranked_on": "device that ranks",
    "collection.corpus": "documents",
    "collection.test": "test queries or their judgments",
    "postprocessor.code": "postprocessor's code",
    "postprocessor.name": "postprocessor",
    "tune.measured_by": "code that measures",
    "computed_by.engine": "engine",
    "computed_by.device": "device",
    "computed_by": "what encodes",
    "plugin": "model's code",
    "harness": "code that encodes",
}
"""Path of a part -> how people call it. Of an identity its path within it."""


def because(cell: PlannedCell, group: Group, folder: SuiteFolder, made: Sequence[Made]) -> str:
    """Say why a cell has to be computed. made: all that were, of the suite's folder.

    Example: `length of documents 256 -> 64; library numpy 2.3.0 -> 2.4.6`.
    """
    if folder.record(cell.key).is_file():
        return _unfinished(cell, group, folder)
    # As it was written down: without folders of this machine.
    name, now = hidden(cell_name(group, cell.spec.label)), hidden(dict(cell.parts))
    near = [found for each in made if each.cell == name and (found := changes(each.parts, now))]
    if not near:
        return NEVER
    found = min(near, key=len)
    more = f"; and {len(found) - MOST} more" if len(found) > MOST else ""
    return "; ".join(found[:MOST]) + more


def changes(before: Mapping[str, Json], now: Mapping[str, Json]) -> list[str]:
    """Say how two keys differ, part by part; the same change on both sides of a model once."""
    old, new = dict(_leaves(before)), dict(_leaves(now))
    paths = [path for path in {**new, **old} if old.get(path) != new.get(path)]
    said = [(_words(path), _values(old.get(path), new.get(path))) for path in paths]
    sides = {(name, values): {role for (name_, role), values_ in said if (name_, values_) == (name, values)}
             for (name, _), values in said}  # fmt: skip
    return [_sentence(name, values, roles) for (name, values), roles in sides.items()]


def _sentence(name: str, values: str, roles: Iterable[str]) -> str:
    of = sorted(filter(None, roles))
    side = f" of {of[0]}" if len(of) == 1 else ""
    return f"{name}{side}{values}"


def _unfinished(cell: PlannedCell, group: Group, folder: SuiteFolder) -> str:
    """Return why a cell that has a record is not done."""
    try:
        if find_record(folder, cell.key) is None:
            return f"failed before: {read_record(folder.record(cell.key), remedy=folder.remedy).error}"
    except Damage as damage:
        return f"damaged: {damage}"
    assert group.counts_first_ranks, "a record that is whole is only done again for ranks beyond it"
    return "a measure of ranks beyond the run is new"


def _leaves(value: Json, path: tuple[str, ...] = ()) -> Iterator[tuple[tuple[str, ...], Json]]:
    """Path -> value, of all that is no mapping; an empty one is nothing."""
    if isinstance(value, Mapping):
        for name, each in value.items():
            yield from _leaves(each, (*path, str(name)))
    else:
        yield path, value


def _words(path: tuple[str, ...]) -> tuple[str, str]:
    """Return the name of a part for people, and the side of the model it belongs to, if any."""
    match path:
        case ("identities", role, *rest):
            return _of_model(rest), ROLES.get(role, role)
        case ("postprocessor", "params", *rest):
            return f"parameter {'.'.join(rest)}", ""
        case ("roles", part, *rest):
            return f"{part} queries ({'.'.join(rest)})", ""
        case _:
            dotted = ".".join(path)
            return WORDS.get(dotted, dotted.replace("_", " ")), ""


def _of_model(path: Sequence[str]) -> str:
    match path:
        case [*_, "libraries", name]:
            return f"library {name}"
        case ["model", "files", *name]:
            return f"file {'.'.join(name)}"
        case ["model", *rest]:
            return " ".join(rest)
        case ["computed_by", *_]:
            return WORDS.get(".".join(path), WORDS["computed_by"])
        case _:
            return WORDS.get(path[0], "documents it is fitted to" if path[0] == "corpus" else ".".join(path))


def _values(before: Json, now: Json) -> str:
    """Old and new, where they tell a person anything."""
    if any(isinstance(each, str) and _DIGEST.fullmatch(each) for each in (before, now)):
        return " changed"
    return f" {_shown(before)} -> {_shown(now)}"


def _shown(value: Json) -> str:
    return "none" if value is None else str(value)
