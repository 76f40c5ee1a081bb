"""Which bytes, which versions, which machine, how long."""

from sparsebench.provenance.environment import hardware, software
from sparsebench.provenance.stopwatch import Stopwatch, forget_peak, peak_memory_mib

__all__ = [
    "Stopwatch",
    "forget_peak",
    "hardware",
    "peak_memory_mib",
    "software",
]
