"""Find a suite: a path as it stands; a name in ./suites, or among the suites that come with sparsebench."""

from __future__ import annotations

import os
import re
from collections.abc import Sequence
from pathlib import Path

from sparsebench.config.include import read_with_includes
from sparsebench.config.limits import unusable_path
from sparsebench.config.mistakes import Mistakes
from sparsebench.errors import SuiteError, did_you_mean
from sparsebench.provenance.digests import digest


def find_suite(path_or_name: str | Path, folder: Path = Path()) -> Path:
    """The file of a suite: a path, relative to `folder`, or a name, of a shipped one also `FOLDER/NAME`.

    Raises SuiteError that lists what there is.
    """
    asked = str(path_or_name)
    if wrong := unusable_path(asked):
        raise SuiteError(wrong)
    path = folder / asked
    if path.is_file():
        return path
    if _is_path(asked):
        shipped = _shipped() / f"{asked}.yaml"  # as in `video/clips`
        if shipped.is_file():
            return shipped
        raise SuiteError(f"there is no suite file {path}")
    suites = list_suites(folder)
    if asked not in suites:
        raise SuiteError(f"unknown suite {asked!r}.{did_you_mean(asked, suites)}")
    return suites[asked]


def suite_name(path_or_name: str | Path, folder: Path = Path()) -> str:
    """The name under which a suite's results lie, whether it is asked for by path or by name.

    A path is read for its `name:`. A name is that of a suite file there is, else it is taken as it stands: results stay
    readable where their suite file is gone. Raises SuiteError for a path that is nowhere or cannot be read.
    """
    asked = str(path_or_name)
    if wrong := unusable_path(asked):
        raise SuiteError(wrong)
    if not (folder / asked).is_file() and not _is_path(asked) and asked not in list_suites(folder):
        return asked
    path = find_suite(asked, folder)
    named = read_with_includes(path, os.environ, Mistakes(), find_suite).entries.get("name")
    if named is None or named.text is None:
        raise SuiteError(f"{path}: a suite has a name, such as `name: {path.stem}`")
    return named.text


def variant_name(suite: str, overrides: Sequence[str], limit_queries: int | None) -> str:
    """The name of a suite as changed: what is not the suite as written has a leaderboard of its own."""
    changed = f"-set-{digest(list(overrides))[:6]}" if overrides else ""
    sampled = f"-limit-{limit_queries}" if limit_queries else ""
    return f"{suite}{changed}{sampled}"


def is_sample(name: str) -> bool:
    """Return whether a name that `variant_name` made is of a part of the test queries."""
    return re.search(r"-limit-\d+$", name) is not None


def _is_path(asked: str) -> bool:
    return Path(asked).suffix in (".yaml", ".yml") or len(Path(asked).parts) > 1


def list_suites(folder: Path = Path()) -> dict[str, Path]:
    """Suites that have a name, the nearest first: beside `folder`, in ./suites, those that come with sparsebench."""
    suites: dict[str, Path] = {}
    for place in (folder, Path("suites"), _shipped()):
        for path in sorted(place.glob("*.yaml")):
            suites.setdefault(path.stem, path)
    return suites


def _shipped() -> Path:
    """The folder of the wheel; in an editable install the checkout's own."""
    package = Path(__file__).parents[1]
    shipped = package / "shipped_suites"
    return shipped if shipped.is_dir() else package.parents[1] / "suites"
