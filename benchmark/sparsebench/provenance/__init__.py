"""Record what made a result: digests of code and files, versions, hardware, seconds, peak memory."""

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
