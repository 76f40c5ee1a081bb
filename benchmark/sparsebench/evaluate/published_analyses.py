"""The analyses of a whole suite, again, from published records: every table and figure of a study by one command."""

from __future__ import annotations

import tempfile
from pathlib import Path

from sparsebench.contracts import SuiteContext
from sparsebench.errors import StoreError
from sparsebench.evaluate.analysis import analyze_suite
from sparsebench.leaderboard import read_published
from sparsebench.leaderboard.published import published_evidence
from sparsebench.leaderboard.publishing import publish_index
from sparsebench.planning import PlannedAnalysis, plan_analysis
from sparsebench.records import Index, SuiteFolder
from sparsebench.records.evidence import RunsEvidence
from sparsebench.registry import Registry
from sparsebench.suite import AnalyzerSpec


def analyze_published(leaderboards: Path, suite: str, registry: Registry) -> Path:
    """Run the suite's own analyzers on `leaderboards/<suite>/` and write what they find; return the markdown's path.

    Needs neither weights nor collections. Raises StoreError where nothing is published, PluginError where an analyzer
    is not installed any more.
    """
    board = read_published(leaderboards, suite)
    evidence = published_evidence(leaderboards, board)  # its figures may be gone: they are drawn anew
    context = SuiteContext(board.records, lambda record: evidence.per_query(record) or {}, board.index.baseline)
    with tempfile.TemporaryDirectory() as folder:
        found = analyze_suite(_planned(board.index, registry), context, SuiteFolder(Path(folder)))
        index = board.index.model_copy(update={"analyses": found})
        return publish_index(index, RunsEvidence([Path(folder)]), leaderboards)


def _planned(index: Index, registry: Registry) -> list[PlannedAnalysis]:
    if nameless := [label for label, found in index.analyses.items() if "analyzer" not in found]:
        raise StoreError(
            f"{index.suite} was published before records named the analyzers of a suite ({', '.join(nameless)}). "
            f"`sparsebench run {index.suite}` and `sparsebench publish {index.suite}` bring it up to date."
        )
    specs = [{"label": label, **found["analyzer"]} for label, found in index.analyses.items()]
    return [plan_analysis(registry, AnalyzerSpec.model_validate(spec), {}) for spec in specs]
