"""Check that a checkpoint is at hand, and whole; and get it, with the code that it takes from elsewhere."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from pathlib import Path

from sparsebench import ModelError, Role
from sparsebench.checkpoints import AnyLocation, Files
from sparsebench_plugins.models.splade.checkpoint import Checkpoint
from sparsebench_plugins.models.splade.code import CODE, Trust, code_location, repositories
from sparsebench_plugins.models.splade.declared import LackingFileError, read_declared
from sparsebench_plugins.models.splade.weights import CutShortError

Open = Callable[[], Checkpoint]


def missing_lines(locations: Iterable[AnyLocation], files: Files, opens: Iterable[Open]) -> list[str]:
    """Say what is not at hand: whole checkpoints, and files of those whose download was cut short.

    opens: open each role; what they refuse for other reasons is not missing.
    """
    found = {location: location.missing(files) for location in locations}
    lines = [line for line in found.values() if line is not None]
    return lines or list(dict.fromkeys(str(error) for error in _lacking(opens)))


def fetch(locations: Iterable[AnyLocation], files: Files, trust: Trust, opens: Iterable[Open]) -> None:
    """Download what is missing, code of other repositories too, and damaged files again; raises SparsebenchError."""
    wanted, tries = set(locations), list(opens)
    if not missing_lines(wanted, files, tries):
        return
    for location in wanted:
        location.fetch(files)
        if trust.remote_code:
            _fetch_code(location.folder(files), trust)
    if any(isinstance(error.__cause__, CutShortError) for error in _lacking(tries)):
        for location in wanted:
            location.fetch(files, again=True)
    for error in _lacking(tries):
        raise ModelError(f"{error.__cause__ or error}. The repository lacks it, so no download brings it")


def lacking_on_hub(location: AnyLocation, error: LackingFileError) -> LackingFileError:
    """Say of a file that lacks in the hub's cache how to get it."""
    return LackingFileError(
        f"checkpoint {location.checkpoint!r} is in the cache of the Hugging Face hub only in part ({error}); "
        "`sparsebench fetch` completes it"
    )


def _fetch_code(folder: Path, trust: Trust) -> None:
    """Download the code that the models of a folder take from other repositories."""
    roles: tuple[Role, ...] = ("query", "document")
    for declared in (read_declared(folder, role) for role in roles):
        for inner in filter(None, (declared.transformer, declared.static)):
            for repository in repositories(inner):
                code_location(inner, repository, trust).fetch(CODE)


def _lacking(opens: Iterable[Open]) -> list[LackingFileError]:
    found = []
    for open_role in opens:
        try:
            open_role()
        except LackingFileError as error:
            found.append(error)
        except ModelError:
            continue
    return found
