"""Tables of numbers as text: a line a row, fields between commas, tabs or spaces."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from sparsebench import ModelError

DELIMITERS = {".csv": ",", ".tsv": "\t", ".txt": None}
"""None stands for any white space."""


def read_numbers(path: Path) -> np.ndarray:
    """The table (rows, columns) as float64, as it stands. Raises ModelError with `file:line:column`."""
    delimiter = DELIMITERS[path.suffix]
    try:
        return np.loadtxt(path, delimiter=delimiter, ndmin=2, encoding="utf-8-sig", comments=None)
    except (ValueError, UnicodeDecodeError) as error:
        _refuse(path, delimiter)
        raise ModelError(f"{path}: cannot be read as a table of numbers: {error}") from error


def _refuse(path: Path, delimiter: str | None) -> None:
    """Say which field is no number, or which row has another length than the first."""
    width: int | None = None
    for number, line in enumerate(path.read_text(encoding="utf-8-sig", errors="replace").splitlines(), start=1):
        fields = line.split(delimiter) if line.strip() else []
        for column, field in enumerate(fields, start=1):
            if not _is_number(field):
                raise ModelError(f"{path}:{number}:{column}: {field[:40]!r} is no number{_heading(number, column)}")
        if fields and len(fields) != (width := width or len(fields)):
            raise ModelError(f"{path}:{number}: {len(fields)} numbers, and the first row has {width}")


def _is_number(field: str) -> bool:
    try:
        float(field)
    except ValueError:
        return False
    return True


def _heading(line: int, column: int) -> str:
    if line == 1 or column == 1:
        what = "header" if line == 1 else "column of ids"
        return f". A matrix has neither a header nor a column of ids: remove the {what}, and name ids with `query_ids:`"
    return "; a pair without a score may be `nan`, with `missing_value: nan`"
