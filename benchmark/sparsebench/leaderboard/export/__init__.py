"""Results in the formats of others: TREC runs with ir_metadata beside them, and mteb's JSON."""

from sparsebench.leaderboard.export.write import export

__all__ = ["export"]
