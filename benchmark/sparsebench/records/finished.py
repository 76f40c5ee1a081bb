"""Cells that are computed: their records, when these and the runs beside them are whole."""

from __future__ import annotations

from sparsebench.records.layout import FIRST_RANKS_FILE, RUN_FILE, SuiteFolder
from sparsebench.records.record import Record, read_record
from sparsebench.records.sealed import Damage, check_file


def find_record(folder: SuiteFolder, key: str, *, first_ranks: bool = False) -> Record | None:
    """The record of a cell that has a run; None where there is none, or it failed.

    first_ranks: whether it also must have the ranks that were counted beyond the run. Raises Damage where one of these
    is not what was written. Per-query values are measured from them, and so not looked at.
    """
    path = folder.record(key)
    if not path.is_file():
        return None
    record = read_record(path, remedy=folder.remedy)
    if record.key != key:
        raise Damage(path, "it is of another cell", folder.remedy)
    if record.status != "ok":
        return None
    if RUN_FILE not in record.files:
        raise Damage(path, "it names no checksum of its run", folder.remedy)
    check_file(folder.run(key), record.files[RUN_FILE], remedy=folder.remedy)
    if FIRST_RANKS_FILE in record.files:
        check_file(folder.first_ranks(key), record.files[FIRST_RANKS_FILE], remedy=folder.remedy)
    elif first_ranks:
        return None
    return record


def is_finished(folder: SuiteFolder, key: str, *, first_ranks: bool = False) -> bool:
    """Return whether a cell needs no computing: for plans."""
    try:
        return find_record(folder, key, first_ranks=first_ranks) is not None
    except Damage:
        return False
