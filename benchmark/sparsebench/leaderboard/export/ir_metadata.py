"""What made a run, in the schema ir_metadata (Breuer, Keller and Schaer, SIGIR 2022; https://www.ir-metadata.org).

Its six top-level keys are always there; below them stands what the record knows, and nothing that it does not.
"""

from __future__ import annotations

from collections.abc import Mapping

from sparsebench.leaderboard.board import Board
from sparsebench.records import Part, Record
from sparsebench.types import Json

UNKNOWN_ACTOR = {"name": None, "team": None, "role": None}
# Names of our own parameters that the schema has a place for.
INDEXING = {"stemmer": "stemmer", "stopwords": "stopwords"}


def ir_metadata(board: Board, record: Record) -> dict[str, Json]:
    """The metadata of one run."""
    return {
        "tag": run_tag(record.cell.model.label, record.cell.postprocessor.label),
        "actor": dict(UNKNOWN_ACTOR),
        "platform": _platform(record),
        "research goal": {"evaluation": _evaluation(board, record)},
        "implementation": _implementation(board, record),
        "data": _data(record),
        "method": _method(record),
    }


def run_tag(model: str, postprocessor: str) -> str:
    """The last field of a run's lines."""
    return f"{model}+{postprocessor}".replace(" ", "_")


def _platform(record: Record) -> dict[str, Json]:
    software, hardware = record.provenance.get("software", {}), record.costs.get("hardware", {})
    kernel, _, architecture = hardware.get("system", "").partition(" ")
    cpu = {"model": hardware.get("cpu"), "architecture": architecture, "number of cores": hardware.get("cores")}
    gpu = {"model": hardware["device"]} if hardware.get("device", "cpu") != "cpu" else {}
    libraries = [f"{name}=={version}" for name, version in software.get("libraries", {}).items()]
    return _known(
        {
            "hardware": _known({"cpu": _known(cpu), "gpu": gpu}),
            "operating system": _known({"kernel": kernel}),
            "software": _known(
                {
                    "libraries": _known({"python": libraries}),
                    "retrieval toolkit": [f"sparsebench=={software['sparsebench']}"] if software else [],
                }
            ),
        }
    )


def _evaluation(board: Board, record: Record) -> dict[str, Json]:
    baseline = board.index.baseline
    return _known(
        {
            "reported measures": list(record.measures),
            "baseline": [run_tag(*baseline)] if baseline else [],
            "significance test": [{"name": "paired sign-flip permutation test", "correction method": "Holm"}]
            if baseline
            else [],
        }
    )


def _implementation(board: Board, record: Record) -> dict[str, Json]:
    cell, git = record.cell, record.provenance.get("software", {}).get("git") or {}
    name = f"{cell.collection.label}/{cell.model.label}/{cell.postprocessor.label}"
    return {
        "executable": {"cmd": f"sparsebench run {board.suite} --only '{name}'"},
        "source": _known({"lang": ["python"], "commit": git.get("commit")}),
    }


def _data(record: Record) -> dict[str, Json]:
    facts, params = record.provenance.get("collection", {}), record.cell.collection.params
    collection = {
        "name": record.cell.collection.name,
        "split": params.get("split"),
        "ir_datasets": params.get("ir_datasets"),
        "documents": facts.get("documents"),
        "queries": facts.get("queries"),
        "sha256": facts.get("digests", {}).get("corpus"),
    }
    return {"test collection": _known(collection)}


def _method(record: Record) -> dict[str, Json]:
    model, postprocessor = record.cell.model, record.cell.postprocessor
    plugins = record.provenance.get("plugins", {})
    stages = [_stage(model, plugins.get("model", {}))]
    if postprocessor.name != "none":
        chosen = record.tuning["chosen"] if record.tuning else {}
        stages.append({**_stage(postprocessor, plugins.get("postprocessor", {}), chosen), "reranks": model.label})
    return _known(
        {
            "automatic": True,
            "score ties": "document id, descending, as trec_eval breaks them",
            "indexing": _known({key: model.params.get(name) for name, key in INDEXING.items()}),
            "retrieval": stages,
        }
    )


def _stage(part: Part, provider: Mapping[str, Json], chosen: Mapping[str, Json] | None = None) -> dict[str, Json]:
    method = f"{provider['module']}:{part.name}" if provider else part.name
    return {"name": part.label, "method": method, "params": {**part.params, **(chosen or {})}}


def _known(facts: Mapping[str, Json]) -> dict[str, Json]:
    """Without what is empty or unknown."""
    return {name: value for name, value in facts.items() if value not in (None, "", [], {})}
