"""Analyses: each an artefact of its own, computed once, linked from the records it concerns."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial

from sparsebench.contracts import (
    Analysis,
    CellAnalyzer,
    CellContext,
    GroupAnalyzer,
    NotApplicable,
    SuiteAnalyzer,
    SuiteContext,
)
from sparsebench.errors import SparsebenchError
from sparsebench.evaluate.group import Evaluation
from sparsebench.planning import PlannedAnalysis, PlannedCell
from sparsebench.provenance import Stopwatch
from sparsebench.provenance.digests import digest, portable
from sparsebench.records import PER_QUERY_FILE, Damage, SuiteFolder, find_analysis, keep_analysis
from sparsebench.types import Json


def analyze_group(evaluation: Evaluation, folder: SuiteFolder, watch: Stopwatch) -> dict[str, Json]:
    """Label -> what each group analyzer found. A failed analysis says why; nothing else fails with it."""

    def compute(planned: PlannedAnalysis) -> Analysis:
        analyzer = planned.make()
        assert isinstance(analyzer, GroupAnalyzer)
        label = planned.spec.label
        with watch.stage(label), evaluation.progress.step(f"analyze {label}", 1, "analyses") as advance:
            analysis = analyzer.analyze(evaluation.context())
            advance(1)
            return analysis

    return {
        planned.spec.label: _kept(folder, planned.key, partial(compute, planned))
        for planned in evaluation.group.analyses
        if planned.level == "group"
    }


def analyze_cell(
    evaluation: Evaluation, cell: PlannedCell, context: Callable[[], CellContext], folder: SuiteFolder
) -> dict[str, Json]:
    """As analyze_group, for the cell analyzers. `context` reads the run, which a kept analysis does not need."""

    def compute(planned: PlannedAnalysis) -> Analysis:
        analyzer = planned.make()
        assert isinstance(analyzer, CellAnalyzer)
        return analyzer.analyze(context())

    return {
        planned.spec.label: _kept(folder, digest([cell.key, planned.key]), partial(compute, planned))
        for planned in evaluation.group.analyses
        if planned.level == "cell"
    }


def analyze_suite(analyses: Sequence[PlannedAnalysis], context: SuiteContext, folder: SuiteFolder) -> dict[str, Json]:
    """Label -> what each analyzer of the whole suite found, and which analyzer that was."""
    found: dict[str, Json] = {}
    for planned in analyses:
        analyzer = {"name": planned.spec.name, "params": portable(planned.spec.params)}
        found[planned.spec.label] = {"analyzer": analyzer, **_of_suite(planned, context, folder)}
    return found


def _of_suite(planned: PlannedAnalysis, context: SuiteContext, folder: SuiteFolder) -> dict[str, Json]:
    analyzer = planned.make()
    assert isinstance(analyzer, SuiteAnalyzer)
    read = [
        [record.key, record.cell.model_dump(), record.measures, record.files.get(PER_QUERY_FILE), record.analysis]
        for record in context.records
    ]
    key = digest([planned.key, context.baseline, read])
    return _kept(folder, key, lambda: analyzer.analyze(context))


def _kept(folder: SuiteFolder, key: str, compute: Callable[[], Analysis]) -> dict[str, Json]:
    """What was found before, else what `compute` finds now."""
    try:
        if found := find_analysis(folder, key):
            return found
    except Damage as damage:
        damage.warn()
    try:
        analysis = compute()
    except NotApplicable as reason:
        analysis = Analysis({"not_applicable": str(reason)})
    except Exception as error:  # one broken analyzer must not cost the cells; not written down, so it is tried again
        return {"error": str(error) if isinstance(error, SparsebenchError) else f"{type(error).__name__}: {error}"}
    return keep_analysis(folder, key, analysis.values, analysis.files, analysis.summary)
