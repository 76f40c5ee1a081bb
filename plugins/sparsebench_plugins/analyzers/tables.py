"""Tables as CSV text, for the files of an analysis."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Sequence

from sparsebench import Json


def csv_text(header: Sequence[str], rows: Iterable[Sequence[Json]]) -> str:
    """A table as CSV."""
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(header)
    writer.writerows(rows)
    return text.getvalue()
