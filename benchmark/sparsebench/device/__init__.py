"""The device that computes: which one and why not another, the precision of its products, its memory.

Choosing needs no torch, so that a plan names the same keys as a run.
"""

from sparsebench.device.check import check_device
from sparsebench.device.choose import choose_device, kind, number, only_this_one, why_no_gpu
from sparsebench.device.facts import describe
from sparsebench.device.kernels import why_no_kernel
from sparsebench.device.memory import does_not_fit, forget_peak, free_bytes, lost, peak_mib
from sparsebench.device.precision import pin, pinned, products
from sparsebench.device.transfer import upload

__all__ = [
    "check_device",
    "choose_device",
    "describe",
    "does_not_fit",
    "forget_peak",
    "free_bytes",
    "kind",
    "lost",
    "number",
    "only_this_one",
    "peak_mib",
    "pin",
    "pinned",
    "products",
    "upload",
    "why_no_gpu",
    "why_no_kernel",
]
