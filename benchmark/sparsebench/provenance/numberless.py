"""Modules that no figure depends on: a change of their code must have nothing computed again."""

from collections.abc import Mapping

NUMBERLESS: Mapping[str, str] = {
    "sparsebench.checkpoints": "finds the files of a checkpoint, which count by their content",
    "sparsebench.config": "reads YAML; what a suite says is in the key, value by value",
    "sparsebench.contracts.display": "how values are shown; what they are is decided elsewhere",
    "sparsebench.contracts.fetchable": "says what is not at hand",
    "sparsebench.contracts.hookspecs": "how a plugin announces itself; its code is in the key by itself",
    "sparsebench.device.choose": "which device; its kind is in the key",
    "sparsebench.device.memory": "how much fits at once, which changes nothing but rounding",
    "sparsebench.errors": "words for people",
    "sparsebench.planning.keys": "makes the key: what changes there changes keys without being in them",
    "sparsebench.progress": "shows how far a run is",
    "sparsebench.provenance": "clocks, versions and digests, which go into records and into keys themselves",
    "sparsebench.records": "what is written down of a result when it is there",
    "sparsebench.registry": "finds plugins and checks their parameters, all of which are in the key",
    "sparsebench.store": "keeps the bytes it is given, with their checksums",
    "sparsebench.suite": "what a suite says is in the key, value by value",
    "sparsebench.training.checkpoints": "finds trained checkpoints, whose files count by their content",
    "sparsebench.training.show": "prints how a training goes",
}
"""Module, or package with all below it -> why. Neither it nor what it alone imports is part of a code digest."""
