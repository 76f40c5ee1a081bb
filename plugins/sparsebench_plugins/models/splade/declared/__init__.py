"""Reading what the folder of a checkpoint says of itself, every key of it; needs no torch."""

from sparsebench_plugins.models.splade.declared.json_files import LackingFileError, read_json, read_object
from sparsebench_plugins.models.splade.declared.keys import DOOR, HELD, LISTS, hold_refused
from sparsebench_plugins.models.splade.declared.lengths import declared_lengths
from sparsebench_plugins.models.splade.declared.read import Declared, read_declared, root_of
from sparsebench_plugins.models.splade.declared.transformer import SANE_MAXIMUM, refuse_adapter

__all__ = [
    "DOOR",
    "HELD",
    "LISTS",
    "SANE_MAXIMUM",
    "Declared",
    "LackingFileError",
    "declared_lengths",
    "hold_refused",
    "read_declared",
    "read_json",
    "read_object",
    "refuse_adapter",
    "root_of",
]
