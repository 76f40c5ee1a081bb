"""Find the files of a checkpoint: in a folder, in a package, on the Hugging Face hub."""

from sparsebench.checkpoints.hub import Files
from sparsebench.checkpoints.location import AnyLocation, Location

__all__ = ["AnyLocation", "Files", "Location"]
