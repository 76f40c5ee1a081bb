"""An analyzer of runs."""

from __future__ import annotations

from sparsebench import Analysis, CellAnalyzer, CellContext


class Longest(CellAnalyzer):
    """Values: `longest`, how many documents the longest ranking has."""

    def analyze(self, context: CellContext) -> Analysis:
        longest = max(map(len, context.run.values()), default=0)
        return Analysis({"longest": longest}, summary=f"The longest ranking has {longest} documents.")
