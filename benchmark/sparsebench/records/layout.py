"""The layout of `runs/`: which file of a suite lies where.

runs/<suite>/index.json                  which cells, in which order, and what analyses of the whole suite found
runs/<suite>/noise.json                  the noise floor, where `sparsebench noise` measured it
runs/<suite>/leaderboard.<md, html>      pages, made of the records
runs/<suite>/<cell>/record.json          the record of a cell, with the checksums of the files beside it
runs/<suite>/<cell>/key.json             of what it was made, for `plan` to say what has changed since
runs/<suite>/<cell>/run.trec.gz          its run
runs/<suite>/<cell>/first_ranks.csv      the rank of its first relevant answer, query by query, for MnR, MdR and RR
runs/<suite>/<cell>/per_query.csv        the values of its measures, query by query
runs/<suite>/collections/<key>.json      the test queries and judgments of a collection, for `sparsebench export`
runs/<suite>/analyses/<key>/             what an analyzer found (analysis.json), with its files

leaderboards/<suite>.<md, html>            the tables, and the page to explore them
leaderboards/<suite>/index.json            as above, with the checksums of the files beside it
leaderboards/<suite>/records.jsonl         one record a line, without costs
leaderboards/<suite>/per_query.csv.gz      per-query values of every cell (gzip without a time stamp)
leaderboards/<suite>/curves.csv.gz         curves of every analysis that has one
leaderboards/<suite>/<analysis>.<name>.svg figures of the analyses of the whole suite
leaderboards/<suite>/noise.json            the noise floor, where it was measured
leaderboards/<suite>/costs.json            seconds and memory: the only file that a re-run changes

A cell and an analysis are named by the first 16 digits of their keys.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path

from sparsebench.errors import StoreError

RECORD_FILE = "record.json"
KEY_FILE = "key.json"
RUN_FILE = "run.trec.gz"
PER_QUERY_FILE = "per_query.csv"
FIRST_RANKS_FILE = "first_ranks.csv"
INDEX_FILE = "index.json"
NOISE_FILE = "noise.json"
ANALYSIS_FILE = "analysis.json"
PAGE = "leaderboard"
RECORDS_FILE = "records.jsonl"
COSTS_FILE = "costs.json"
PER_QUERY_ARCHIVE = "per_query.csv.gz"
CURVES_ARCHIVE = "curves.csv.gz"
FIGURE = ".svg"


def short(key: str) -> str:
    """The digits of a key that name folders and artefacts, 16.

    Raises StoreError for what is none, such as a path in a record of a stranger.
    """
    if not re.fullmatch(r"\w[\w-]*", key[:16]):
        raise StoreError(f"{key[:40]!r} is no key of a cell or an analysis")
    return key[:16]


@dataclass(frozen=True)
class SuiteFolder:
    """`runs/<suite>/`: places of files, whether they are there or not.

    Example: `SuiteFolder(Path("runs/quickstart")).run(record.key)` is the path of a cell's TREC run.
    """

    path: Path

    @property
    def suite(self) -> str:
        """The suite's name."""
        return self.path.name

    @property
    def remedy(self) -> str:
        """Return what heals a file in it, as a sentence."""
        return f"`sparsebench run {self.suite}` makes it again; what is whole is kept."

    def cell(self, key: str) -> Path:
        """The folder of a cell."""
        return self.path / short(key)

    def record(self, key: str) -> Path:
        """The record of a cell."""
        return self.cell(key) / RECORD_FILE

    def run(self, key: str) -> Path:
        """The TREC run of a cell, compressed."""
        return self.cell(key) / RUN_FILE

    def per_query(self, key: str) -> Path:
        """The per-query values of a cell."""
        return self.cell(key) / PER_QUERY_FILE

    def first_ranks(self, key: str) -> Path:
        """The rank of the first relevant answer of each query of a cell, counted on all scores."""
        return self.cell(key) / FIRST_RANKS_FILE

    def tested(self, key: str) -> Path:
        """The queries and judgments of a collection; key: of its digests."""
        return self.path / "collections" / f"{short(key)}.json"

    def analysis(self, artefact: str) -> Path:
        """The folder of an analysis; artefact: its key, or what records name it by."""
        return self.path / "analyses" / short(artefact)


def published_remedy(folder: Path) -> str:
    """Return what heals a file of `leaderboards/<suite>/`, as a sentence."""
    return (
        f"`git checkout {folder}` brings back what was committed; `sparsebench publish {folder.name}` writes it again "
        "from a run."
    )
