"""The index of a suite: what its records themselves do not say, and where they lie."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from pydantic import BaseModel, ConfigDict, ValidationError

from sparsebench.contracts.display import Shown
from sparsebench.errors import StoreError
from sparsebench.store import write_atomically

INDEX_FILE = "index.json"


class Index(BaseModel):
    """What the records themselves do not say.

    cells: keys of the cells that the suite has today, in its order (an old parameter leaves its cells behind).
    baseline: model and postprocessor, by label. analyses: label -> what each analyzer of the whole suite found.
    shown: label -> the columns and curves that each analysis declares; None where it was written before they did.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    suite: str
    description: str
    cells: tuple[str, ...]
    baseline: tuple[str, str] | None = None
    analyses: dict[str, Any] = {}
    shown: dict[str, Shown] | None = None

    def write(self, folder: Path) -> None:
        """Write `index.json`."""
        write_atomically(folder / INDEX_FILE, self.model_dump_json(indent=1) + "\n")

    @classmethod
    def read(cls, folder: Path) -> Index:
        """Raises StoreError when there is none, or it is damaged."""
        try:
            return cls.model_validate_json((folder / INDEX_FILE).read_bytes())
        except FileNotFoundError:
            raise StoreError(f"{folder} holds no results. `sparsebench run {folder.name}` makes them.") from None
        except ValidationError as error:
            raise StoreError(
                f"{folder / INDEX_FILE} is damaged ({error.errors()[0]['msg']}). `sparsebench run {folder.name}` "
                "writes it again; finished cells are kept."
            ) from error


def cell_folder(suite_folder: Path, key: str) -> Path:
    """Where the cell with this key lies below `runs/<suite>/`."""
    return suite_folder / key[:16]
