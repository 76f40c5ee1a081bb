"""Figures as mteb writes them: a JSON file a model and task (`mteb.results.TaskResult`), and one about the model."""

from __future__ import annotations

import re

from sparsebench.leaderboard.board import measures_of
from sparsebench.leaderboard.columns import seconds
from sparsebench.leaderboard.export.tasks import task_of
from sparsebench.provenance.digests import digest
from sparsebench.records import Record
from sparsebench.records.labels import file_name
from sparsebench.types import Json

DIGITS = 12
UNKNOWN = ("loader", "release_date", "languages", "n_parameters", "memory_usage_mb", "max_tokens", "embed_dim",
           "license", "open_weights", "public_training_code", "public_training_data", "use_instructions")  # fmt: skip
"""Keys that mteb's metadata must have and a record has no word on."""
NO_REVISION = "no_revision_available"  # mteb's own words
NAMES = {"nDCG": "ndcg", "RR": "mrr", "AP": "map", "R": "recall", "P": "precision", "Success": "hit_rate"}


def task_result(record: Record, *, sampled: bool = False) -> dict[str, Json]:
    """The file of one collection. Of one that mteb has not, `task_name` is its label and `languages` is empty.

    sampled: whether a part of the test queries was asked, which is another task whatever the collection.
    """
    cell, facts = record.cell, record.provenance.collection
    first = measures_of(record)[0]
    known = None if sampled else task_of(cell.collection.params.get("ir_datasets"))
    name, languages = known or (cell.collection.label, [])
    scores = {
        **{measure_name(name): value for name, value in record.measures.items()},
        "main_score": record.measures[first],
        "hf_subset": "default",
        "languages": languages,
    }
    return {
        "dataset_revision": facts.digests.get("corpus", NO_REVISION) if facts else NO_REVISION,
        "task_name": name,
        "mteb_version": None,
        "scores": {cell.collection.params.get("split") or "test": [scores]},
        "evaluation_time": seconds(record),
        "kg_co2_emissions": None,
    }


def model_meta(record: Record) -> dict[str, Json]:
    """Return mteb's `ModelMeta`, None where nobody knows; what it has no word for goes to `experiment_kwargs`."""
    cell = record.cell
    trained_on = cell.about_model.get("trained_on")
    return {
        "name": model_name(record),
        "revision": revision_of(record),
        **dict.fromkeys(UNKNOWN),
        "framework": [],
        "similarity_fn_name": "dot",
        "model_type": ["sparse"],
        "training_datasets": None if trained_on is None else sorted(trained_on),
        "adapted_from": cell.model.params.get("checkpoint"),
        "experiment_kwargs": _system(record),
    }


def model_name(record: Record) -> str:
    """The row, never the checkpoint alone: two rows of one checkpoint are two models to mteb."""
    cell = record.cell
    plain = cell.postprocessor.name == "none"
    label = cell.model.label if plain else f"{cell.model.label}+{cell.postprocessor.label}"
    return f"sparsebench/{file_name(label)}"


def revision_of(record: Record) -> str:
    """Return the revision that tells a system from others of its name: its digest, after a hub checkpoint's commit."""
    own = digest(_system(record))[:DIGITS]
    commit = record.cell.model.params.get("revision")
    return f"{commit}-{own}" if commit else own


def _system(record: Record) -> dict[str, Json]:
    """Return all that makes a system, whatever it is tested on."""
    cell = record.cell
    return {
        "model": cell.model.model_dump(),
        "postprocessor": cell.postprocessor.model_dump(),
        "sees": record.sees,
        "candidates": cell.candidates,
        "depth": cell.depth,
    }


def measure_name(name: str) -> str:
    """`nDCG@10` -> `ndcg_at_10`. A measure with parameters is another one to mteb, and keeps its name."""
    found = re.fullmatch(r"(\w+)@(\d+)", name)
    return f"{NAMES[found[1]]}_at_{found[2]}" if found and found[1] in NAMES else name
