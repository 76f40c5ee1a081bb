"""Files below `runs/` and `leaderboards/`: records, their index, evidence, and the checksums of them all."""

from sparsebench.records.facts import (
    CollectionFacts,
    Costs,
    Git,
    Hardware,
    ModelFacts,
    PluginFacts,
    Provenance,
    Software,
    Trial,
    Tuning,
)
from sparsebench.records.finished import find_record, is_finished
from sparsebench.records.index import Index
from sparsebench.records.kept import find_analysis, keep_analysis
from sparsebench.records.layout import (
    ANALYSIS_FILE,
    FIRST_RANKS_FILE,
    INDEX_FILE,
    NOISE_FILE,
    PAGE,
    PER_QUERY_FILE,
    RECORD_FILE,
    RUN_FILE,
    SuiteFolder,
    short,
)
from sparsebench.records.per_query import per_query_csv, read_per_query
from sparsebench.records.record import CellDescription, Part, Record, parse_record, read_record, write_record
from sparsebench.records.sealed import SCHEMA_VERSION, Damage, check_file, read_checked, sealed, unsealed

__all__ = [
    "ANALYSIS_FILE",
    "CellDescription",
    "CollectionFacts",
    "Costs",
    "Damage",
    "FIRST_RANKS_FILE",
    "Git",
    "Hardware",
    "INDEX_FILE",
    "Index",
    "ModelFacts",
    "NOISE_FILE",
    "PAGE",
    "PER_QUERY_FILE",
    "Part",
    "PluginFacts",
    "Provenance",
    "RECORD_FILE",
    "RUN_FILE",
    "Record",
    "SCHEMA_VERSION",
    "Software",
    "SuiteFolder",
    "Trial",
    "Tuning",
    "check_file",
    "find_analysis",
    "find_record",
    "is_finished",
    "keep_analysis",
    "parse_record",
    "per_query_csv",
    "read_checked",
    "read_per_query",
    "read_record",
    "sealed",
    "short",
    "unsealed",
    "write_record",
]
