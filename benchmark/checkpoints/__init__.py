"""Where checkpoints come from: folders, packages, the hub, recipes."""

from benchmark.checkpoints.hub import Files
from benchmark.checkpoints.location import Location

__all__ = ["Files", "Location"]
