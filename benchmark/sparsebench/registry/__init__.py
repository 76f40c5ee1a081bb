"""Find installed plugins, set broken ones aside, check the parameters a suite gives them."""

from sparsebench.registry.registry import DISABLE_VARIABLE, Registered, Registry
from sparsebench.registry.switches import discover

__all__ = [
    "DISABLE_VARIABLE",
    "Registered",
    "Registry",
    "discover",
]
