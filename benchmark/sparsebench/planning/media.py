"""Clips and images in a plan: which models can look at them, and what they hold as a part of keys."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from sparsebench.collection.looked_at import LookedAt
from sparsebench.collection.resolved import TestCollection
from sparsebench.errors import SuiteError
from sparsebench.planning.model import ResolvedModel
from sparsebench.types import Json


@dataclass(frozen=True)
class Content:
    """Content of a group's clips and images. tested: parts of the keys of all cells. of_roles: parts of the keys of
    cells that read these roles.
    """

    tested: Mapping[str, Json]
    of_roles: Mapping[str, Mapping[str, Json]]


def refuse_unsuited(model: ResolvedModel, collection: TestCollection) -> None:
    """Raise SuiteError for a model that cannot work on a collection."""
    where = f"collection {collection.spec.label!r}, model {model.spec.label!r}"
    if reason := model.model.unsuited(collection.items):
        raise SuiteError(f"{where}: {model.spec.name} {reason}")
    if model.model.reads_media and collection.items and collection.media is None:
        raise SuiteError(f"{where}: {model.spec.name} looks at clips or images; say where they lie with `media:`")


def looked_at(model: ResolvedModel, collection: TestCollection) -> Content:
    """The digests of what the items of each part hold. Raises CollectionError for items that are not there."""
    roles: dict[str, Mapping[str, Json]] = dict(collection.roles)
    if not model.model.reads_media or collection.media is None:
        return Content({}, roles)
    tested = _digest(collection.items_ranked or collection.items_asked(collection.test))
    for part, topics in (("bank", collection.bank), ("dev", collection.dev)):
        asked = collection.items_asked(topics) if topics else None
        if part in roles and asked is not None:
            roles[part] = {**roles[part], "queries": [roles[part]["queries"], asked.digest]}
    if "bank" in roles and (own := collection.items_of_the_bank) is not None:
        roles["bank"] = {**roles["bank"], "documents": [roles["bank"]["documents"], own.digest]}
    return Content({"media": tested}, roles)


def _digest(items: LookedAt | None) -> str | None:
    return items.digest if items else None
