"""Analyses: each an artefact of its own, computed once, linked from the records it concerns."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
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
from sparsebench.contracts.calls import calling
from sparsebench.contracts.readonly import RULE, blamed, read_only_cell
from sparsebench.contracts.returned import checked_analysis
from sparsebench.disclosure.privacy import hidden
from sparsebench.errors import FAILURES, ContractError, reason
from sparsebench.evaluate.group import Evaluation
from sparsebench.planning import PlannedAnalysis, PlannedCell
from sparsebench.provenance import Stopwatch
from sparsebench.provenance.digests import digest, portable
from sparsebench.records import PER_QUERY_FILE, Damage, SuiteFolder, find_analysis, keep_analysis
from sparsebench.types import Json

OWN_KEYS = ("artefact", "files", "summary")


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
        planned.spec.label: _entry(planned, folder, planned.key, partial(compute, planned))
        for planned in evaluation.group.analyses
        if planned.level == "group"
    }


def analyze_cell(
    evaluation: Evaluation, cell: PlannedCell, context: Callable[[], CellContext], folder: SuiteFolder
) -> dict[str, Json]:
    """Run a cell analyzer, as `analyze_group` does; `context` reads the run, which a kept analysis does not need."""

    def compute(planned: PlannedAnalysis) -> Analysis:
        analyzer = planned.make()
        assert isinstance(analyzer, CellAnalyzer)
        return analyzer.analyze(read_only_cell(context()))

    return {
        planned.spec.label: _entry(planned, folder, digest([cell.key, planned.key]), partial(compute, planned))
        for planned in evaluation.group.analyses
        if planned.level == "cell"
    }


def analyze_suite(analyses: Sequence[PlannedAnalysis], context: SuiteContext, folder: SuiteFolder) -> dict[str, Json]:
    """Label -> what each analyzer of the whole suite found, and which analyzer that was."""
    return {planned.spec.label: _of_suite(planned, context, folder) for planned in analyses}


def _owner(planned: PlannedAnalysis) -> str:
    return f"analyzer {planned.spec.label!r}"


def _entry(planned: PlannedAnalysis, folder: SuiteFolder, key: str, compute: Callable[[], Analysis]) -> dict[str, Json]:
    """Return an analyzer's findings as an entry of the index; an error in their place where they lack a column it
    declares.
    """
    entry = {"analyzer": {"name": planned.spec.name, "params": portable(planned.spec.params)}}
    found = _kept(planned, folder, key, compute)
    if "error" in found or "not_applicable" in found or not (missing := planned.shown.missing(found)):
        return entry | found
    named = ", ".join(f"{column.label!r} at `{column.path}`" for column in missing)
    return entry | {
        "error": f"{planned.spec.name} declares columns that its values do not have as a number, a text or None: "
        f"{named}; it has {', '.join(name for name in found if name not in OWN_KEYS) or 'no values'}"
    }


def _of_suite(planned: PlannedAnalysis, context: SuiteContext, folder: SuiteFolder) -> dict[str, Json]:
    def compute() -> Analysis:
        analyzer = planned.make()
        assert isinstance(analyzer, SuiteAnalyzer)
        given = replace(context, records=[record.model_copy(deep=True) for record in context.records])
        found = analyzer.analyze(given)
        if list(given.records) != list(context.records):
            raise ContractError(_owner(planned), RULE, "it wrote to the records it was given; work on a copy")
        return found

    read = [
        [record.key, record.cell.model_dump(), record.measures, record.files.get(PER_QUERY_FILE), record.analysis]
        for record in context.records
    ]
    key = digest([planned.key, context.baseline, read])
    return _entry(planned, folder, key, compute)


def _kept(planned: PlannedAnalysis, folder: SuiteFolder, key: str, compute: Callable[[], Analysis]) -> dict[str, Json]:
    """Return the analysis found before, else what `compute` finds now."""
    owner = _owner(planned)
    try:
        if found := find_analysis(folder, key):
            return found
    except Damage as damage:
        damage.warn()
    try:
        with calling(owner, key):
            analysis = checked_analysis(compute(), owner)
        planned.shown.check_files(analysis.files)
    except NotApplicable as why:
        analysis = Analysis({"not_applicable": str(why)})
    except FAILURES as error:  # one broken analyzer must not cost the cells; not written down, so it is tried again
        return {"error": hidden(reason(blamed(error, owner)))}
    # Here, not where it is published: what is read again must be what was found.
    return keep_analysis(folder, key, hidden(analysis.values), hidden(analysis.files), hidden(analysis.summary))
