"""Files beside the records, below `runs/` or below `leaderboards/`: per-query values, curves and figures."""

from __future__ import annotations

import csv
import gzip
import io
import zlib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Protocol

from sparsebench.contracts.display import CURVE_FILE, read_points
from sparsebench.errors import StoreError
from sparsebench.provenance.digests import sha256
from sparsebench.records.labels import file_name, is_plain_name
from sparsebench.records.layout import (
    CURVES_ARCHIVE,
    FIGURE,
    PER_QUERY_ARCHIVE,
    PER_QUERY_FILE,
    SuiteFolder,
    published_remedy,
    short,
)
from sparsebench.records.per_query import read_per_query
from sparsebench.records.record import Record
from sparsebench.records.sealed import Damage, check_file, read_checked
from sparsebench.types import Json, PerQuery

CURVE_COLUMNS = ("x", "y", "low", "high")

Points = Sequence[Sequence[float]]
"""Of one line: (x, y), or (x, y, low, high) with a band."""


class Evidence(Protocol):
    """Source of the values behind the means."""

    def per_query(self, record: Record) -> PerQuery | None:
        """Read measure -> query_id -> value; None where there is no such file.

        Raises Damage where it is not as written.
        """
        ...

    def curves(self, analysis: Json) -> Mapping[str, Points]:
        """Curve file -> its points, of one analysis of a record; those alone whose file is there."""
        ...

    def figures(self, label: str, analysis: Json) -> Mapping[str, str]:
        """The figures of an analysis of the whole suite: path as seen from the page -> SVG."""
        ...


@dataclass(frozen=True)
class RunsEvidence:
    """Evidence beside the records of `runs/<suite>/`, in the first of the folders that has them."""

    folders: Sequence[Path]

    def per_query(self, record: Record) -> PerQuery | None:
        """Implement `Evidence.per_query`."""
        places = [SuiteFolder(folder).per_query(record.key) for folder in self.folders]
        place = self._whole(places, record.files.get(PER_QUERY_FILE))
        if place is None:
            return None
        with damaged(place, self._remedy):
            return read_per_query(place.read_text(encoding="utf-8"))

    def curves(self, analysis: Json) -> Mapping[str, Points]:
        """Implement `Evidence.curves`."""
        found = {}
        for name in curve_files(analysis):
            if place := self._file(analysis, name):
                with damaged(place, self._remedy):
                    found[name] = read_points(place.read_text(encoding="utf-8"), name)
        return found

    def figures(self, label: str, analysis: Json) -> Mapping[str, str]:
        """Implement `Evidence.figures`."""
        places = [place for name in figure_files(analysis) if (place := self._file(analysis, name))]
        return {str(place.relative_to(place.parents[2])): place.read_text(encoding="utf-8") for place in places}

    def _file(self, analysis: Json, name: str) -> Path | None:
        """A file of an analysis."""
        places = [SuiteFolder(folder).analysis(str(analysis.get("artefact"))) / name for folder in self.folders]
        return self._whole(places, checksum_of(analysis, name))

    def _whole(self, places: Sequence[Path], checksum: str | None) -> Path | None:
        """The first file that is what was written. Raises Damage where a checksum is known and none has it."""
        there = [place for place in places if place.is_file()]
        if checksum is None:
            return there[0] if there else None
        whole = next((place for place in there if sha256(place) == checksum), None)
        if whole is None:
            check_file((there or places)[0], checksum, remedy=self._remedy)
        return whole

    @property
    def _remedy(self) -> str:
        return SuiteFolder(self.folders[0]).remedy


@dataclass(frozen=True)
class PublishedEvidence:
    """Evidence in the archives of `leaderboards/<suite>/`, read once. files: their checksums; none before schema 2."""

    folder: Path
    files: Mapping[str, str]

    def per_query(self, record: Record) -> PerQuery | None:
        """Implement `Evidence.per_query`."""
        return self._per_query.get(short(record.key))

    def curves(self, analysis: Json) -> Mapping[str, Points]:
        """Implement `Evidence.curves`."""
        return self._curves.get(analysis.get("artefact", ""), {})

    def figures(self, label: str, analysis: Json) -> Mapping[str, str]:
        """Implement `Evidence.figures`."""
        names = [published_figure(label, name) for name in figure_files(analysis)]
        return {f"{self.folder.name}/{name}": self._read(name).decode() for name in names}

    @cached_property
    def _per_query(self) -> dict[str, dict[str, dict[str, float]]]:
        found: dict[str, dict[str, dict[str, float]]] = {}
        with damaged(self.folder / PER_QUERY_ARCHIVE, published_remedy(self.folder)):
            for cell, measure, query_id, value in _archive_rows(self._read(PER_QUERY_ARCHIVE)):
                found.setdefault(cell, {}).setdefault(measure, {})[query_id] = float(value)
        return found

    @cached_property
    def _curves(self) -> dict[str, dict[str, list[list[float]]]]:
        found: dict[str, dict[str, list[list[float]]]] = {}
        with damaged(self.folder / CURVES_ARCHIVE, published_remedy(self.folder)):
            for artefact, name, *values in _archive_rows(self._read(CURVES_ARCHIVE)):
                # Archives of schema 1 name the preset of a wackiness curve, and have the height of each bin alone.
                file = name if name.endswith(CURVE_FILE) else f"{name}{CURVE_FILE}"
                points = found.setdefault(artefact, {}).setdefault(file, [])
                points.append(_point(values) if len(values) > 1 else [len(points) + 1.0, float(values[0])])
        return found

    def _read(self, name: str) -> bytes:
        return read_checked(self.folder / name, self.files.get(name), remedy=published_remedy(self.folder))


@contextmanager
def damaged(path: Path, remedy: str) -> Iterator[None]:
    """Turn what reading a broken file raises into Damage that names it."""
    try:
        yield
    except Damage:
        raise
    except (ValueError, EOFError, OSError, zlib.error, csv.Error) as error:
        raise Damage(path, str(error), remedy) from error


def checksum_of(analysis: Json, name: str) -> str | None:
    """The SHA-256 of a file of an analysis; None where it was written before schema 2."""
    files = analysis.get("files", {})
    return files.get(name) if isinstance(files, Mapping) else None


def curve_files(analysis: Json) -> list[str]:
    """Names of the curve files of one analysis of a record."""
    return _files_of(analysis, CURVE_FILE)


def figure_files(analysis: Json) -> list[str]:
    """Names of the figures of one analysis."""
    return _files_of(analysis, FIGURE)


def _files_of(analysis: Json, ending: str) -> list[str]:
    """List an analysis's files with this ending.

    Raises StoreError for a name that leads out of the folder: records may come from strangers.
    """
    found = [str(name) for name in analysis.get("files", ()) if str(name).endswith(ending)]
    for name in found:
        if not is_plain_name(name):
            raise StoreError(f"a record names the file {name!r}, which is no name within a folder; nothing was read")
    return found


def published_figure(label: str, name: str) -> str:
    """Return a figure's file name in `leaderboards/<suite>/`: a label may hold anything, a file name may not."""
    return file_name(f"{label}.{name.removesuffix(FIGURE)}", "_") + FIGURE


def per_query_archive(records: Iterable[Record], evidence: Evidence) -> bytes:
    """One row a cell, measure and query. Raises StoreError when a record has no such values beside it."""
    rows: list[Sequence[str]] = []
    for record in records:
        per_query = evidence.per_query(record)
        if per_query is None:
            raise StoreError(
                f"{PER_QUERY_FILE} is missing beside the record {short(record.key)}. Run the suite again, which "
                "measures it from the run."
            )
        rows += [
            (short(record.key), measure, query_id, format(value, ".6g"))
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


def _archive_rows(archive: bytes) -> list[list[str]]:
    rows = list(csv.reader(io.StringIO(gzip.decompress(archive).decode())))
    if not rows:
        raise ValueError("it is empty")
    return rows[1:]
