"""The index of a suite's records: its cells in order, its baseline, and analyses of the whole suite."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated, Any

from pydantic import AfterValidator, Field, ValidationError

from sparsebench.contracts.display import Shown
from sparsebench.disclosure.privacy import hidden
from sparsebench.errors import StoreError
from sparsebench.records.facts import Written
from sparsebench.records.labels import is_plain_name
from sparsebench.records.layout import INDEX_FILE, short
from sparsebench.records.sealed import SCHEMA, Damage, sealed, unsealed
from sparsebench.store import write_atomically


def _plain(name: str) -> str:
    if not is_plain_name(name):
        raise ValueError(f"{name!r} is no name within a folder")
    return name


def _key(key: str) -> str:
    try:
        short(key)
    except StoreError as error:
        raise ValueError(str(error)) from error
    return key


class Index(Written):
    """Facts about records that they do not hold themselves.

    cells: keys of the cells that the suite has today, in its order (an old parameter leaves its cells behind).
    baseline: model and postprocessor, by label. analyses: label -> what each analyzer of the whole suite found.
    shown: label -> the columns and curves that each analysis declares; None where it was written before they did.
    command: what made it, whole; empty where it is published.
    files: of a published suite, file beside the index -> its SHA-256.
    """

    suite: Annotated[str, AfterValidator(_plain)]
    description: str
    cells: tuple[Annotated[str, AfterValidator(_key)], ...]
    baseline: tuple[str, str] | None = None
    analyses: dict[str, Any] = Field(default_factory=dict)
    shown: dict[str, Shown] | None = None
    command: str = ""
    files: dict[Annotated[str, AfterValidator(_plain)], str] = Field(default_factory=dict)

    def with_analyses_of(self, earlier: Index | None) -> Index:
        """Return the index with the analyses of an earlier one, where cells and baseline are the same."""
        same = earlier is not None and (earlier.cells, earlier.baseline) == (self.cells, self.baseline)
        return self.model_copy(update={"analyses": earlier.analyses}) if earlier and same else self

    def write(self, folder: Path) -> None:
        """Write `index.json`, atomically and only when it changes."""
        path, text = (
            folder / INDEX_FILE,
            json.dumps(sealed(hidden(self.model_dump())), indent=1, ensure_ascii=False) + "\n",
        )
        if not path.is_file() or path.read_bytes() != text.encode():
            write_atomically(path, text)

    @classmethod
    def read(cls, folder: Path, *, remedy: str | None = None) -> Index:
        """Read the index. Raises StoreError when there is none, Damage when it is not what was written."""
        path = folder / INDEX_FILE
        remedy = remedy or f"`sparsebench run {folder.name}` writes it again; finished cells are kept."
        try:
            content = unsealed(path.read_bytes(), path, remedy=remedy)
        except (FileNotFoundError, NotADirectoryError):
            raise StoreError(f"{folder} holds no results. `sparsebench run {folder.name}` makes them.") from None
        content.pop(SCHEMA, None)
        try:
            return cls.model_validate(content)
        except ValidationError as error:
            raise Damage(path, f"{error.errors()[0]['loc']}: {error.errors()[0]['msg']}", remedy) from error
