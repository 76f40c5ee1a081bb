"""Runs without a flaw, read many lines at a time; what has any is left to `read_trec`, which says where."""

from __future__ import annotations

import gzip
import math
import zlib
from collections.abc import Iterator
from itertools import groupby
from pathlib import Path
from typing import IO

CHUNK = 2**20
"""Bytes that are taken apart at once."""
COLUMNS = 6
LARGEST_SCORE = 2.0**128 - 2.0**104
"""The largest float32."""


def plain_run(path: Path) -> dict[str, dict[str, float]] | None:
    """Read a TREC run, plain or .gz: query_id -> doc_id -> score; None where anything in it needs a closer look.

    Such are lines of other than six columns, scores that are no finite numbers, documents given twice, bytes that are
    not ASCII (white space outside it would split a line elsewhere), and files that cannot be read.
    """
    run: dict[str, dict[str, float]] = {}
    try:
        with gzip.open(path) if path.suffix == ".gz" else path.open("rb") as file:
            for lines in _chunks(file):
                if not _add(lines, run):
                    return None
    except (OSError, EOFError, zlib.error):
        return None
    return run


def _chunks(file: IO[bytes] | gzip.GzipFile) -> Iterator[bytes]:
    """Whole lines, about CHUNK bytes at a time; a chunk without an end of line comes at the end alone."""
    rest = b""
    while block := file.read(CHUNK):
        whole, end, rest = (rest + block).rpartition(b"\n")
        if end:
            yield whole + end
        elif len(rest) > CHUNK:
            break
    if rest:
        yield rest


def _add(lines: bytes, run: dict[str, dict[str, float]]) -> bool:
    """Add whole lines to a run; False where they are not plain."""
    if not lines.isascii() or not lines.endswith(b"\n") or b"\r" in lines:
        return False
    fields = lines.decode().split()
    count = lines.count(b"\n")
    # As many fields as six a line, and the fixed ones where they belong: no line has one less and another one more.
    if len(fields) != COLUMNS * count or set(fields[1::COLUMNS]) != {"Q0"} or len(set(fields[5::COLUMNS])) != 1:
        return False
    try:
        scores = list(map(float, fields[4::COLUMNS]))
    except ValueError:
        return False
    if not all(map(math.isfinite, scores)) or max(map(abs, scores)) > LARGEST_SCORE:
        return False
    hits = zip(fields[::COLUMNS], fields[2::COLUMNS], scores, strict=True)
    for query_id, group in groupby(hits, key=lambda hit: hit[0]):
        documents = run.setdefault(query_id, {})
        before = len(documents)
        found = [(doc_id, score) for _, doc_id, score in group]
        documents.update(found)
        if len(documents) != before + len(found):
            return False
    return True
