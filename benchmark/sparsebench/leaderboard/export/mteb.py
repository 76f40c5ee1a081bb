"""Figures as mteb writes them: a JSON file a model and task (`mteb.results.TaskResult`), and one about the model."""

from __future__ import annotations

import re

from sparsebench.leaderboard.board import measures_of
from sparsebench.leaderboard.columns import seconds
from sparsebench.records import Record
from sparsebench.types import Json

NO_REVISION = "no_revision_available"  # mteb's own words
NAMES = {"nDCG": "ndcg", "RR": "mrr", "AP": "map", "R": "recall", "P": "precision", "Success": "hit_rate"}


def task_result(record: Record) -> dict[str, Json]:
    """The file of one collection. `languages` is empty: a record does not know them."""
    cell, facts = record.cell, record.provenance.collection
    first = measures_of(record)[0]
    scores = {
        **{measure_name(name): value for name, value in record.measures.items()},
        "main_score": record.measures[first],
        "hf_subset": "default",
        "languages": [],
    }
    return {
        "dataset_revision": facts.digests.get("corpus", NO_REVISION) if facts else NO_REVISION,
        "task_name": cell.collection.label,
        "mteb_version": None,
        "scores": {cell.collection.params.get("split") or "test": [scores]},
        "evaluation_time": seconds(record),
        "kg_co2_emissions": None,
    }


def model_meta(record: Record) -> dict[str, Json]:
    """Return mteb's model metadata, as far as known, and under `sparsebench` what it has no word for."""
    cell = record.cell
    return {
        "name": model_name(record),
        "revision": revision_of(record),
        "framework": ["sparsebench"],
        "sparsebench": {
            "model": cell.model.model_dump(),
            "postprocessor": cell.postprocessor.model_dump(),
            "sees": record.sees,
            "candidates": cell.candidates,
            "depth": cell.depth,
        },
    }


def model_name(record: Record) -> str:
    """The row, never the checkpoint alone: two rows of one checkpoint are two models to mteb."""
    cell = record.cell
    return cell.model.label if cell.postprocessor.name == "none" else f"{cell.model.label}+{cell.postprocessor.label}"


def revision_of(record: Record) -> str:
    """The commit of a checkpoint of the hub."""
    return str(record.cell.model.params.get("revision") or NO_REVISION)


def measure_name(name: str) -> str:
    """`nDCG@10` -> `ndcg_at_10`. A measure with parameters is another one to mteb, and keeps its name."""
    found = re.fullmatch(r"(\w+)@(\d+)", name)
    return f"{NAMES[found[1]]}_at_{found[2]}" if found and found[1] in NAMES else name
