"""The analyzers in the box, registered through the same hook as third parties' ones."""

from __future__ import annotations

from benchmark.hookspecs import AnalyzerPlugin, hookimpl
from plugins.analyzers.sparsity import Sparsity
from plugins.analyzers.wackiness import Wackiness


@hookimpl
def register_analyzers() -> list[AnalyzerPlugin]:
    """Return `sparsity` and `wackiness`."""
    return [
        AnalyzerPlugin("sparsity", Sparsity, "how sparse the vectors are and what their index costs"),
        AnalyzerPlugin("wackiness", Wackiness, "how little a query's expansion tokens occur in what they retrieve"),
    ]
