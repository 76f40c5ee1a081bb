"""What lies beside the records, below `runs/` or below `leaderboards/`: per-query values, curves and figures."""

from __future__ import annotations

import csv
import gzip
import io
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Protocol

from sparsebench.contracts.display import CURVE_FILE, read_points
from sparsebench.errors import StoreError
from sparsebench.records.index import cell_folder
from sparsebench.records.record import PER_QUERY_FILE, Record, read_per_query
from sparsebench.types import Json, PerQuery

PER_QUERY_ARCHIVE = "per_query.csv.gz"
CURVES_ARCHIVE = "curves.csv.gz"
FIGURE = ".svg"
CURVE_COLUMNS = ("x", "y", "low", "high")

Points = Sequence[Sequence[float]]
"""Of one line: (x, y), or (x, y, low, high) with a band."""


class Evidence(Protocol):
    """Where the values behind the means are found."""

    def per_query(self, record: Record) -> PerQuery | None:
        """measure -> query_id -> value; None where the file is not there."""
        ...

    def curves(self, analysis: Json) -> Mapping[str, Points]:
        """Curve file -> its points, of one analysis of a record; those alone whose file is there."""
        ...

    def figures(self, label: str, analysis: Json) -> Mapping[str, str]:
        """The figures of an analysis of the whole suite: path as seen from the page -> SVG."""
        ...


@dataclass(frozen=True)
class RunsEvidence:
    """Beside the records of `runs/<suite>/`, in the first of the folders that has them."""

    folders: Sequence[Path]

    def per_query(self, record: Record) -> PerQuery | None:
        """See Evidence."""
        for folder in self.folders:
            path = cell_folder(folder, record.key) / PER_QUERY_FILE
            if path.is_file():
                return read_per_query(path.read_text(encoding="utf-8"))
        return None

    def curves(self, analysis: Json) -> Mapping[str, Points]:
        """See Evidence."""
        found = {}
        for name in curve_files(analysis):
            for folder in self.folders:
                path = folder / "analyses" / analysis["artefact"] / name
                if path.is_file():
                    found[name] = read_points(path.read_text(encoding="utf-8"), name)
                    break
        return found

    def figures(self, label: str, analysis: Json) -> Mapping[str, str]:
        """See Evidence."""
        paths = [f"analyses/{analysis['artefact']}/{name}" for name in figure_files(analysis)]
        places = {path: next((each / path for each in self.folders if (each / path).is_file()), None) for path in paths}
        return {path: place.read_text(encoding="utf-8") for path, place in places.items() if place}


@dataclass(frozen=True)
class PublishedEvidence:
    """In the archives of `leaderboards/<suite>/`, read once."""

    folder: Path

    def per_query(self, record: Record) -> PerQuery | None:
        """See Evidence."""
        return self._per_query.get(record.key[:16])

    def curves(self, analysis: Json) -> Mapping[str, Points]:
        """See Evidence."""
        return self._curves.get(analysis.get("artefact", ""), {})

    def figures(self, label: str, analysis: Json) -> Mapping[str, str]:
        """See Evidence."""
        paths = [self.folder / published_figure(label, name) for name in figure_files(analysis)]
        return {f"{self.folder.name}/{path.name}": path.read_text(encoding="utf-8") for path in paths if path.is_file()}

    @cached_property
    def _per_query(self) -> dict[str, dict[str, dict[str, float]]]:
        found: dict[str, dict[str, dict[str, float]]] = {}
        for cell, measure, query_id, value in _archive_rows(self.folder / PER_QUERY_ARCHIVE):
            found.setdefault(cell, {}).setdefault(measure, {})[query_id] = float(value)
        return found

    @cached_property
    def _curves(self) -> dict[str, dict[str, list[list[float]]]]:
        found: dict[str, dict[str, list[list[float]]]] = {}
        for artefact, name, *values in _archive_rows(self.folder / CURVES_ARCHIVE):
            # Archives of schema 1 name the preset of a wackiness curve, and have the height of each bin alone.
            file = name if name.endswith(CURVE_FILE) else f"{name}{CURVE_FILE}"
            points = found.setdefault(artefact, {}).setdefault(file, [])
            points.append(_point(values) if len(values) > 1 else [len(points) + 1.0, float(values[0])])
        return found


def curve_files(analysis: Json) -> list[str]:
    """Names of the curve files of one analysis of a record."""
    return [name for name in analysis.get("files", ()) if name.endswith(CURVE_FILE)]


def figure_files(analysis: Json) -> list[str]:
    """Names of the figures of one analysis."""
    return [name for name in analysis.get("files", ()) if name.endswith(FIGURE)]


def published_figure(label: str, name: str) -> str:
    """What a figure is called in `leaderboards/<suite>/`."""
    return f"{label}.{name}".replace(" ", "_")


def per_query_archive(records: Iterable[Record], evidence: Evidence) -> bytes:
    """One row a cell, measure and query. Raises StoreError when a record has no such values beside it."""
    rows: list[Sequence[str]] = []
    for record in records:
        per_query = evidence.per_query(record)
        if per_query is None:
            raise StoreError(
                f"{PER_QUERY_FILE} is missing beside the record {record.key[:16]}. Delete the record's folder and run "
                "the suite again."
            )
        rows += [
            (record.key[:16], measure, query_id, format(value, ".6g"))
            for measure, values in per_query.items()
            for query_id, value in values.items()
        ]
    return _archive(("cell", "measure", "query_id", "value"), rows)


def curves_archive(records: Iterable[Record], evidence: Evidence) -> bytes:
    """One row a point of a curve; an analysis that several cells share is written once."""
    analyses = {
        analysis["artefact"]: analysis
        for record in records
        for analysis in record.analysis.values()
        if curve_files(analysis)
    }
    rows = (
        (
            artefact,
            file,
            *(format(value, ".6g") for value in point),
            *("" for _ in range(len(CURVE_COLUMNS) - len(point))),
        )
        for artefact, analysis in analyses.items()
        for file, points in evidence.curves(analysis).items()
        for point in points
    )
    return _archive(("analysis", "file", *CURVE_COLUMNS), rows)


def _point(values: Sequence[str]) -> list[float]:
    return [float(value) for value in values[: len(CURVE_COLUMNS)] if value]


def _archive(header: Sequence[str], rows: Iterable[Sequence[str]]) -> bytes:
    """A gzip without a time stamp, so that the same rows are the same bytes."""
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow(header)
    writer.writerows(rows)
    return gzip.compress(out.getvalue().encode(), mtime=0)


def _archive_rows(path: Path) -> list[list[str]]:
    if not path.is_file():
        return []
    return list(csv.reader(io.StringIO(gzip.decompress(path.read_bytes()).decode())))[1:]
