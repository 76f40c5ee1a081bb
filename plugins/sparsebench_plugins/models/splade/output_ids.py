"""The dimensions of the output that a model may use."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from sparsebench import ModelError


def read_output_ids(wanted: int | Path | None) -> np.ndarray | None:
    """Increasing ids (W,): those below a number, or those in a file, one a line; None for all.

    Raises ModelError with `file:line`.
    """
    if wanted is None:
        return None
    if isinstance(wanted, int):
        return np.arange(wanted)
    try:
        lines = wanted.read_text(encoding="utf-8").splitlines()
    except (OSError, UnicodeDecodeError) as error:
        raise ModelError(f"output_vocabulary {wanted} cannot be read: {error}") from error
    first_line: dict[int, int] = {}
    for number, line in enumerate(lines, start=1):
        if not line.strip().isdecimal():
            raise ModelError(f"{wanted}:{number}: {line!r} is not an id; one id a line, as digits")
        if (term_id := int(line)) in first_line:
            raise ModelError(f"{wanted}:{number}: id {term_id} is already in line {first_line[term_id]}")
        first_line[term_id] = number
    if not first_line:
        raise ModelError(f"output_vocabulary {wanted} holds no id")
    return np.array(sorted(first_line))
