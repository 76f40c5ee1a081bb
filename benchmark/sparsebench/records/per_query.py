"""Per-query values as CSV: `query_id` and one column a measure, queries in order of their ids."""

from __future__ import annotations

import csv
import io

from sparsebench.types import PerQuery


def per_query_csv(per_query: PerQuery) -> str:
    """The values of one cell; six significant digits."""
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow(["query_id", *per_query])
    for query_id in sorted(next(iter(per_query.values()), {})):
        writer.writerow([query_id, *(format(values[query_id], ".6g") for values in per_query.values())])
    return out.getvalue()


def read_per_query(text: str) -> PerQuery:
    """The inverse of per_query_csv. Raises ValueError with the line that is no row of values."""
    rows = list(csv.reader(io.StringIO(text, newline="")))
    header = rows[0] if rows else []
    if header[:1] != ["query_id"]:
        raise ValueError("line 1 is not `query_id` and the names of measures")
    for line, row in enumerate(rows, start=1):
        if len(row) != len(header):
            raise ValueError(f"line {line} has {len(row)} values, line 1 names {len(header)}")
    return {measure: {row[0]: float(row[i]) for row in rows[1:]} for i, measure in enumerate(header[1:], start=1)}
