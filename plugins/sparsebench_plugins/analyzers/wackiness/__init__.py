"""`wackiness`: measure how rarely expansion tokens occur in the documents they retrieve (METHODS 2).

What `removal` shares with it stands here too: other plugins reach in by this door alone.
"""

from sparsebench_plugins.analyzers.wackiness.analyzer import Wackiness
from sparsebench_plugins.analyzers.wackiness.display import CURVES, columns
from sparsebench_plugins.analyzers.wackiness.material import gather
from sparsebench_plugins.analyzers.wackiness.observations import expansion_entries
from sparsebench_plugins.analyzers.wackiness.rankers import Ranker
from sparsebench_plugins.analyzers.wackiness.report import csv_text
from sparsebench_plugins.analyzers.wackiness.sample import draw
from sparsebench_plugins.analyzers.wackiness.scores import (
    FEWEST_ROBUST,
    NORMALISERS,
    PAPER_CODE,
    PAPER_FORMULA,
    ROBUST,
    TokenScores,
    score,
)

__all__ = [
    "CURVES",
    "FEWEST_ROBUST",
    "NORMALISERS",
    "PAPER_CODE",
    "PAPER_FORMULA",
    "ROBUST",
    "Ranker",
    "TokenScores",
    "Wackiness",
    "columns",
    "csv_text",
    "draw",
    "expansion_entries",
    "gather",
    "score",
]
