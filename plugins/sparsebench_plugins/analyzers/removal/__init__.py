"""`removal` (METHODS 2.5): does it hurt to take the wackiest tokens out of the queries?"""

from sparsebench_plugins.analyzers.removal.analyzer import Removal

__all__ = ["Removal"]
