"""Where checkpoints come from: folders, packages, the hub, recipes."""

from benchmark.checkpoints.hub import Files
from benchmark.checkpoints.location import Location, each_training

__all__ = ["Files", "Location", "each_training"]
