"""Where checkpoints come from: folders, packages, the hub, recipes."""

from sparsebench.checkpoints.hub import Files
from sparsebench.checkpoints.location import Location, each_training

__all__ = ["Files", "Location", "each_training"]
