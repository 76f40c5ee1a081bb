"""Keep artefacts on disk under the hash of what made them."""

from sparsebench.store.store import (
    Artefact,
    Store,
    default_root,
    disk_errors,
    replacing,
    write_atomically,
    write_bytes_atomically,
)

__all__ = [
    "Artefact",
    "Store",
    "default_root",
    "disk_errors",
    "replacing",
    "write_atomically",
    "write_bytes_atomically",
]
