"""`checkpoint: recipe:FILE.yaml#PATTERN` with a `*`: one model for each training of the recipe that matches."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from sparsebench.checkpoints import each_training
from sparsebench.config.mistakes import Mistakes
from sparsebench.config.tree import Node
from sparsebench.errors import SparsebenchError

_KEY = "checkpoint"


def training_points(entry: Node, mistakes: Mistakes) -> Iterator[Node]:
    """One entry for each training, with its label; the entry itself where its checkpoint is no such pattern."""
    checkpoint = entry.entries.get(_KEY)
    if checkpoint is None or checkpoint.text is None or "*" not in checkpoint.text.partition("#")[2]:
        yield entry
        return
    if "label" in entry.entries:
        mistakes.add(entry.locate(("label",)), "every training has a label of its own; leave this one out")
    try:
        found = each_training(checkpoint.text)
    except SparsebenchError as error:
        mistakes.add(checkpoint.at, str(error))
        found = {}
    for label, each in found.items():
        yield entry.with_entries({_KEY: replace(checkpoint, value=each), "label": replace(checkpoint, value=label)})
