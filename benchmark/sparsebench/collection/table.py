"""Documents and queries of tables: `id<TAB>text` lines, ids alone, or columns of a csv file."""

from __future__ import annotations

import csv
from collections.abc import Callable, Iterator
from pathlib import Path

from sparsebench.collection.entries import Entry, checked_id, from_tsv, heading
from sparsebench.errors import CollectionError
from sparsebench.lines import Mistakes, parse_lines
from sparsebench.suite import Columns


def entries(path: Path, columns: Columns | None, mistakes: Mistakes) -> Iterator[tuple[int, Entry]]:
    """The number of each line, from 1, and its entry; malformed lines become mistakes. Raises CollectionError.

    Without columns every line is `id<TAB>text`, or every line an id alone, of what has no text: the first line tells.
    """
    if columns is not None:
        yield from _of_csv(path, columns, mistakes)
    elif path.suffix == ".csv":
        there = ", ".join(_header(path)) or "nothing"
        raise CollectionError(
            f"{path}: a csv file; say in which columns are ids and texts, with `docs_columns:` or `queries_columns:` "
            f"as {{id: COLUMN, text: COLUMN}}. Its first line is: {there}"
        )
    else:
        yield from parse_lines(path, _line_parser(), mistakes)


def _line_parser() -> Callable[[str], Entry]:
    """A parser of lines that goes by the first whether there are texts."""
    alone: bool | None = None

    def parse(line: str) -> Entry:
        nonlocal alone
        first = alone is None
        alone = "\t" not in line if alone is None else alone
        if not alone:
            return from_tsv(line)
        if "\t" in line:
            raise ValueError("a tab, and the first line has none, which makes this a list of ids alone")
        if first and heading(line):
            raise ValueError(f"{line!r} is a header, and files of ids have none; remove the line")
        return Entry(checked_id(line), "")

    return parse


def _of_csv(path: Path, columns: Columns, mistakes: Mistakes) -> Iterator[tuple[int, Entry]]:
    try:
        with path.open(encoding="utf-8-sig", newline="") as file:
            reader = csv.DictReader(file, delimiter="\t" if path.suffix == ".tsv" else ",", strict=True)
            there = list(reader.fieldnames or ())
            for column in filter(None, (columns.id, columns.text)):
                if column not in there:
                    raise CollectionError(f"{path}:1: there is no column {column!r}; there is: {', '.join(there)}")
            for row in reader:
                try:
                    text = (row[columns.text] or "").strip() if columns.text else ""
                    yield reader.line_num, Entry(checked_id((row[columns.id] or "").strip()), text)
                except ValueError as error:
                    mistakes.add(f"{path}:{reader.line_num}", str(error))
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        raise CollectionError(f"{path}: cannot be read as csv: {error}") from error


def _header(path: Path) -> list[str]:
    try:
        with path.open(encoding="utf-8-sig", newline="") as file:
            return next(csv.reader(file), [])
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        raise CollectionError(f"{path}: cannot be read as csv: {error}") from error
