"""Where suites lie: a path as it stands; a name in ./suites, or among the suites that come with sparsebench."""

from __future__ import annotations

from pathlib import Path

from sparsebench.errors import SuiteError, did_you_mean


def find_suite(path_or_name: str | Path, folder: Path = Path()) -> Path:
    """The file of a suite: a path, relative to `folder`, or a name; raises SuiteError that lists what there is."""
    asked = str(path_or_name)
    path = folder / asked
    if path.is_file():
        return path
    if path.suffix in (".yaml", ".yml") or len(Path(asked).parts) > 1:
        raise SuiteError(f"there is no suite file {path}")
    suites = list_suites(folder)
    if asked not in suites:
        raise SuiteError(f"unknown suite {asked!r}.{did_you_mean(asked, suites)}")
    return suites[asked]


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
