"""Where checkpoints come from: folders, packages, the hub. `sparsebench.training` adds recipes."""

from sparsebench.checkpoints.hub import Files
from sparsebench.checkpoints.location import AnyLocation, Location

__all__ = ["AnyLocation", "Files", "Location"]
