"""A simulated accelerator: tensors that are on `cuda`, compute on the CPU, and break every rule that a real one breaks.

For tests of *device discipline* without a GPU (torch built for CPUs). A tensor of it wraps an ordinary CPU tensor that
the kernels run on, so results are those of the CPU, bit for bit. Wherever `cuda:N` is asked for, this is made; its own
name is `sim:N`. It refuses, in torch's own words where these matter: an operation that mixes devices (0-dim CPU tensors
and CPU indices may join, as on CUDA), `.numpy()`, and an allocation beyond its memory. A copy that is not waited for
brings garbage until it is waited for, and a pinned buffer may not be written to before that.

It counts what costs time: launches, copies each way, waits, bytes, peak memory, by line of the product.

    with simulated(memory=2**30) as counts:
        ...
    python -m device.simulator [--json FILE] [--memory BYTES] run quickstart --device cuda     # PYTHONPATH=tests
    pytest -p device.simulator.plugin -m gpu                                                   # PYTHONPATH=tests

Products are rounded to TF32 where torch is set to it.

Not simulated: several streams, other rounding than that, torch.compile, autograd through in-place changes of views,
operations that CUDA lacks. Attention is one launch. Other threads than that of `simulated` make no tensors on it from
sizes alone.
"""

from device.simulator.counts import Counts
from device.simulator.install import simulated

__all__ = ["Counts", "simulated"]
