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

from sparsebench.errors import StoreError
from sparsebench.records.index import cell_folder
from sparsebench.records.record import PER_QUERY_FILE, Record, read_per_query
from sparsebench.types import Json, PerQuery

PER_QUERY_ARCHIVE = "per_query.csv.gz"
CURVES_ARCHIVE = "curves.csv.gz"
CURVE = ".curve.csv"
FIGURE = ".svg"

Curves = Mapping[str, Sequence[float]]
"""preset -> mean wackiness of each bin, in order."""


class Evidence(Protocol):
    """Where the values behind the means are found."""

    def per_query(self, record: Record) -> PerQuery | None:
        """measure -> query_id -> value; None where the file is not there."""
        ...

    def curves(self, analysis: Json) -> Curves:
        """The curves that one analysis of a record left; none where its files are not there."""
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

    def curves(self, analysis: Json) -> Curves:
        """See Evidence."""
        found = {}
        for name in curve_files(analysis):
            for folder in self.folders:
                path = folder / "analyses" / analysis["artefact"] / name
                if path.is_file():
                    rows = list(csv.reader(io.StringIO(path.read_text(encoding="utf-8"))))
                    found[name.removesuffix(CURVE)] = [float(row[1]) for row in rows[1:]]
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

    def curves(self, analysis: Json) -> Curves:
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
    def _curves(self) -> dict[str, dict[str, list[float]]]:
        found: dict[str, dict[str, list[float]]] = {}
        for artefact, preset, value in _archive_rows(self.folder / CURVES_ARCHIVE):
            found.setdefault(artefact, {}).setdefault(preset, []).append(float(value))
        return found


def curve_files(analysis: Json) -> list[str]:
    """Names of the curve files of one analysis of a record."""
    return [name for name in analysis.get("files", ()) if name.endswith(CURVE)]


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
    """One row a bin of a curve; an analysis that several cells share is written once."""
    analyses = {
        analysis["artefact"]: analysis
        for record in records
        for analysis in record.analysis.values()
        if curve_files(analysis)
    }
    rows = (
        (artefact, preset, format(value, ".6f"))
        for artefact, analysis in analyses.items()
        for preset, curve in evidence.curves(analysis).items()
        for value in curve
    )
    return _archive(("analysis", "preset", "wackiness"), rows)


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
