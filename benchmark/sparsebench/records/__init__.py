"""Files below `runs/` and `leaderboards/`: records of cells, their index, per-query values, evidence."""

from sparsebench.records.index import INDEX_FILE, Index, cell_folder
from sparsebench.records.record import (
    PER_QUERY_FILE,
    RECORD_FILE,
    RUN_FILE,
    SCHEMA_VERSION,
    CellDescription,
    Part,
    Record,
    parse_record,
    per_query_csv,
    read_per_query,
    read_record,
    write_record,
)

__all__ = [
    "CellDescription",
    "INDEX_FILE",
    "Index",
    "PER_QUERY_FILE",
    "Part",
    "RECORD_FILE",
    "RUN_FILE",
    "Record",
    "SCHEMA_VERSION",
    "cell_folder",
    "parse_record",
    "per_query_csv",
    "read_per_query",
    "read_record",
    "write_record",
]
