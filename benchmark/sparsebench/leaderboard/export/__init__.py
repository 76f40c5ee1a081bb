"""Results in the formats of other tools: TREC runs with ir_metadata, and mteb's JSON."""

from sparsebench.leaderboard.export.write import export

__all__ = ["export"]
