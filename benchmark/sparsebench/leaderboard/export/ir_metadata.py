"""Export a run's provenance in the schema ir_metadata (Breuer, Keller and Schaer, SIGIR 2022, ir-metadata.org).

Its six top-level keys are always there; below them stands what the record knows, and nothing that it does not.
"""

from __future__ import annotations

import shlex
from collections.abc import Mapping

from sparsebench.leaderboard.board import Board
from sparsebench.records import Hardware, Part, PluginFacts, Record
from sparsebench.records.labels import run_tag
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


def _platform(record: Record) -> dict[str, Json]:
    software, hardware = record.provenance.software, record.costs.hardware if record.costs else None
    kernel, _, architecture = hardware.system.partition(" ") if hardware else ("", "", "")
    libraries = [f"{name}=={version}" for name, version in (software.libraries if software else {}).items()]
    return _known(
        {
            "hardware": _hardware(hardware, architecture) if hardware else {},
            "operating system": _known({"kernel": kernel}),
            "software": _known(
                {
                    "libraries": _known({"python": libraries}),
                    "retrieval toolkit": [f"sparsebench=={software.sparsebench}"] if software else [],
                }
            ),
        }
    )


def _hardware(hardware: Hardware, architecture: str) -> dict[str, Json]:
    cpu = {"model": hardware.cpu, "architecture": architecture, "number of cores": hardware.cores}
    gpu = {"model": hardware.device} if hardware.device != "cpu" else {}
    return _known({"cpu": _known(cpu), "gpu": gpu})


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
    software = record.provenance.software
    git = software.git if software else None
    return {
        "executable": {"cmd": _command(board, record)},
        "source": _known({"lang": ["python"], "commit": git.commit if git else None}),
    }


def _command(board: Board, record: Record) -> str:
    """Return the command that makes this run alone; incomplete where an older run did not keep its options."""
    return f"{board.index.command or f'sparsebench run {board.suite}'} --only {shlex.quote(str(record.cell))}"


def _data(record: Record) -> dict[str, Json]:
    facts, params = record.provenance.collection, record.cell.collection.params
    collection = {
        "name": record.cell.collection.name,
        "split": params.get("split"),
        "ir_datasets": params.get("ir_datasets"),
        "documents": facts.documents if facts else None,
        "queries": facts.queries if facts else None,
        "sha256": facts.digests.get("corpus") if facts else None,
    }
    return {"test collection": _known(collection)}


def _method(record: Record) -> dict[str, Json]:
    model, postprocessor = record.cell.model, record.cell.postprocessor
    plugins = record.provenance.plugins
    stages = [_stage(model, plugins.get("model"))]
    if postprocessor.name != "none":
        chosen = record.tuning.chosen if record.tuning else {}
        stages.append({**_stage(postprocessor, plugins.get("postprocessor"), chosen), "reranks": model.label})
    return _known(
        {
            "automatic": True,
            "score ties": "document id, descending, as trec_eval breaks them",
            "indexing": _known({key: model.params.get(name) for name, key in INDEXING.items()}),
            "retrieval": stages,
        }
    )


def _stage(part: Part, plugin: PluginFacts | None, chosen: Mapping[str, Json] | None = None) -> dict[str, Json]:
    method = f"{plugin.module}:{part.name}" if plugin else part.name
    return {"name": part.label, "method": method, "params": {**part.params, **(chosen or {})}}


def _known(facts: Mapping[str, Json]) -> dict[str, Json]:
    """Leave out facts that are empty or unknown."""
    return {name: value for name, value in facts.items() if value not in (None, "", [], {})}
