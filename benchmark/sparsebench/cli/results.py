"""Find the results of a suite, given its name or path as `run` takes it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from sparsebench.cli.options import LEADERBOARDS
from sparsebench.errors import StoreError, did_you_mean
from sparsebench.leaderboard import suite_folder
from sparsebench.records import INDEX_FILE
from sparsebench.suite import suite_name, variant_name


@dataclass(frozen=True)
class Results:
    """The results of one suite: `runs/<name>/`, or `leaderboards/<name>/` where they are published."""

    name: str
    folder: Path


def results_of(asked: str, runs: Path, *, overrides: Sequence[str] = (), limit_queries: int | None = None) -> Results:
    """Find what `sparsebench run` computed. Raises StoreError that names the command which makes it."""
    plain = suite_name(asked)
    name = variant_name(plain, overrides, limit_queries)
    if plain != asked and (runs / asked / INDEX_FILE).is_file() and not _is_path(asked):
        raise StoreError(
            f"{asked!r} has two meanings: the results in {runs / asked}, and a suite file whose name is {plain!r}. "
            f"Say {plain!r}, or rename one of them."
        )
    changes = [f"--set {each}" for each in overrides] + [f"--limit-queries {limit_queries}"] * bool(limit_queries)
    return _existing(name, runs, f"sparsebench {' '.join(['run', asked, *changes])}")


def machines_of(
    asked: str,
    runs: Path,
    others: Sequence[Path],
    *,
    overrides: Sequence[str] = (),
    limit_queries: int | None = None,
) -> list[Path]:
    """The suite's folder below `runs` and below those of other machines; the own may lack where others are named.

    Raises StoreError for one that has no results of the suite.
    """
    name = variant_name(suite_name(asked), overrides, limit_queries)
    if others and not (runs / name).exists():
        own = []
    else:
        own = [results_of(asked, runs, overrides=overrides, limit_queries=limit_queries).folder]
    folders = [suite_folder(other, name) for other in others]
    for folder in folders:
        _existing(folder.name, folder.parent, f"sparsebench run {asked} --runs {folder.parent}")
    return [*own, *folders]


def published_of(asked: str, leaderboards: Path = LEADERBOARDS) -> Results:
    """Find what `sparsebench publish` wrote. Raises StoreError that names the command which writes it."""
    return _existing(suite_name(asked), leaderboards, f"sparsebench publish {asked}")


def _existing(name: str, place: Path, command: str) -> Results:
    if not (place / name / INDEX_FILE).is_file():
        there = sorted(path.parent.name for path in place.glob(f"*/{INDEX_FILE}"))
        what = f"{place / name} holds no results.{did_you_mean(name, there) if there else ''}"
        raise StoreError(f"{what} `{command}` makes them.")
    return Results(name, place / name)


def _is_path(asked: str) -> bool:
    return Path(asked).is_file()
