"""Group analyses: computed once a model and collection, kept as artefacts of their own, linked from the records."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from benchmark.contracts import NotApplicable, Scorer
from benchmark.errors import SparsebenchError
from benchmark.group import Evaluation
from benchmark.plan import ANALYSIS_FILE, PlannedAnalysis
from benchmark.provenance import Stopwatch
from benchmark.store import write_atomically
from benchmark.types import Json


def analyze_group(evaluation: Evaluation, suite_folder: Path, watch: Stopwatch) -> dict[str, Json]:
    """Analyzer label -> what it found. A failed analysis says why; nothing else fails with it."""
    return {
        planned.spec.label: _analysis(evaluation, planned, suite_folder / "analyses" / planned.key[:16], watch)
        for planned in evaluation.group.analyses
    }


def _analysis(evaluation: Evaluation, planned: PlannedAnalysis, folder: Path, watch: Stopwatch) -> dict[str, Any]:
    path = folder / ANALYSIS_FILE
    if path.is_file():
        return dict(json.loads(path.read_text(encoding="utf-8")))
    try:
        found = _compute(evaluation, planned, folder, watch)
    except NotApplicable as reason:
        found = {"not_applicable": str(reason)}
    except Exception as error:  # one broken analyzer must not cost the cells; not written down, so it is tried again
        return {"error": str(error) if isinstance(error, SparsebenchError) else f"{type(error).__name__}: {error}"}
    write_atomically(path, json.dumps(found, indent=1, ensure_ascii=False) + "\n")
    return found


def _compute(evaluation: Evaluation, planned: PlannedAnalysis, folder: Path, watch: Stopwatch) -> dict[str, Any]:
    if isinstance(evaluation.group.model.model, Scorer):
        raise NotApplicable("the model gives scores, not vectors")
    with watch.stage(planned.spec.label):
        analysis = planned.make().analyze(evaluation.context())
    for name, text in analysis.files.items():
        write_atomically(folder / name, text)
    return {**analysis.values, "artefact": planned.key[:16], "files": sorted(analysis.files)}
