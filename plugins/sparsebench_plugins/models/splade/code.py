"""The code that a checkpoint brings, or takes from another repository: whether it may run, and which files it is."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from sparsebench import ModelError
from sparsebench.checkpoints import Files, Location
from sparsebench_plugins.models.splade.declared import LackingFileError, read_object

CODE = Files(weights=False, code=True)
_COMMIT = re.compile(r"[0-9a-f]{40}")


@dataclass(frozen=True)
class Trust:
    """Permission for code to run.

    remote_code: whether the checkpoint's own may. revision: the commit of the repository that its code comes from,
    None where it brings its code itself.
    """

    remote_code: bool = False
    revision: str | None = None

    def __post_init__(self) -> None:
        if self.revision is not None and not _COMMIT.fullmatch(self.revision):
            raise ModelError(f"code_revision {self.revision!r}: takes the 40 hex digits of a commit")


def code_files(folder: Path, trust: Trust) -> Mapping[str, Path]:
    """Find the Python files that model or tokenizer of a folder need, by name; raises ModelError.

    Those of another repository are named `OWNER/NAME/FILE`; they must be in the hub's cache, at the commit that
    `trust` names.
    """
    classes = [found for path in _configs(folder) for found in _classes(path)]
    if classes and not trust.remote_code:
        raise ModelError(
            f"{classes[0].path} wants to run its own code ({', '.join(each.kind for each in classes)}); read it, then "
            "allow it with `trust_remote_code: true`"
        )
    found = {path.name: path for path in sorted(folder.glob("*.py"))} if trust.remote_code else {}
    for repository in repositories(folder):
        place = code_location(folder, repository, trust)
        if (line := place.missing(CODE)) is not None:
            raise LackingFileError(line)
        found |= {f"{repository}/{path.name}": path for path in sorted(place.folder(CODE).glob("*.py"))}
    return found


def repositories(folder: Path) -> list[str]:
    """Other repositories that a folder takes code from."""
    elsewhere = (each.reference for path in _configs(folder) for each in _classes(path) if "--" in each.reference)
    return sorted({reference.partition("--")[0] for reference in elsewhere})


def code_location(folder: Path, repository: str, trust: Trust) -> Location:
    """Return the location of another repository's code; raises ModelError where no commit is named."""
    if trust.revision is None:
        raise ModelError(
            f"{folder} takes code from another repository, {repository}, which no revision pins: `code_revision:` "
            f"takes the 40 hex digits of a commit of https://huggingface.co/{repository}/commits"
        )
    return Location(repository, trust.revision)


@dataclass(frozen=True)
class _Class:
    path: Path
    kind: str
    reference: str


def _configs(folder: Path) -> list[Path]:
    return [path for name in ("config.json", "tokenizer_config.json") if (path := folder / name).is_file()]


def _classes(path: Path) -> Iterator[_Class]:
    """`auto_map` of a configuration; a tokenizer's entries are pairs, the slow class and the fast one."""
    classes: Any = read_object(path).get("auto_map") or {}
    if not isinstance(classes, dict):
        classes = {"AutoTokenizer": classes}
    for kind, references in sorted(classes.items()):
        for reference in references if isinstance(references, list | tuple) else [references]:
            if reference is not None:
                yield _Class(path, kind, str(reference))
