"""Which bytes, which versions, which machine, how long."""

from sparsebench.provenance.digests import digest, file_digest
from sparsebench.provenance.environment import hardware, software
from sparsebench.provenance.stopwatch import Stopwatch, forget_peak, peak_memory_mib

__all__ = [
    "Stopwatch",
    "digest",
    "file_digest",
    "forget_peak",
    "hardware",
    "peak_memory_mib",
    "software",
]
