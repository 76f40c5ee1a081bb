"""The simulated device refuses what a real one refuses, and counts what costs time."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from device.simulator import simulated


def test_an_operation_that_mixes_devices_is_refused() -> None:
    with simulated():
        for other in ("cpu", "cuda:1"):
            with pytest.raises(RuntimeError, match="found at least two devices"):
                torch.ones(2, device="cuda:0") + torch.ones(2, device=other)


def test_numpy_cannot_touch_it() -> None:
    with simulated():
        tensor = torch.ones(2, device="cuda")
        for touch in (tensor.numpy, lambda: np.asarray(tensor)):
            with pytest.raises(TypeError, match="can't convert sim"):
                touch()


def test_it_computes_what_the_cpu_computes_and_is_gone_afterwards() -> None:
    numbers = torch.arange(6.0).view(2, 3)
    with simulated():
        found = (numbers.cuda() @ numbers.cuda().T).exp().cpu()
    assert torch.equal(found, (numbers @ numbers.T).exp())
    assert not torch.cuda.is_available() or torch.ones(1, device="cuda").device.type == "cuda"


def test_memory_ends_and_is_given_back() -> None:
    with simulated(memory=1000) as counts:
        held = torch.zeros(200, device="cuda")
        with pytest.raises(torch.OutOfMemoryError, match="out of memory"):
            torch.zeros(100, device="cuda")
        del held
        torch.zeros(200, device="cuda")
        assert (counts.live, counts.peak) == (0, 800)


def test_it_counts_copies_waits_and_launches() -> None:
    with simulated() as counts:
        tensor = torch.ones(8).cuda()
        (tensor + 1).sum().item()
        tensor[:4].cpu()
    assert (counts["uploads"], counts["upload_bytes"]) == (1, 32)
    assert (counts["downloads"], counts["download_bytes"]) == (1, 16)
    assert counts["waits"] == 3  # up, item, down
    assert counts["launches"] == 2


def test_a_pinned_copy_brings_garbage_until_it_is_waited_for() -> None:
    with simulated() as counts:
        source, buffer = torch.arange(4.0).cuda(), torch.empty(4, pin_memory=True)
        before, event = counts["waits"], torch.cuda.Event()
        buffer.copy_(source, non_blocking=True)
        event.record()
        source += 1  # what is computed later does not reach the copy
        assert buffer.isnan().all()
        assert counts["waits"] == before
        event.synchronize()
        assert buffer.tolist() == [0, 1, 2, 3]
        assert counts["waits"] == before + 1


def test_a_pinned_buffer_that_is_written_to_too_early_is_noticed() -> None:
    with simulated():
        buffer = torch.zeros(4).pin_memory()
        buffer.to("cuda", non_blocking=True)
        buffer += 1
        with pytest.raises(RuntimeError, match="pinned buffer was written to"):
            torch.cuda.synchronize()


def test_a_pageable_copy_waits_whatever_it_is_asked() -> None:
    with simulated() as counts:
        torch.zeros(4).to("cuda", non_blocking=True)
        assert counts["waits"] == 1


def test_tied_parameters_stay_tied_on_the_way_there_and_back() -> None:
    model = torch.nn.ModuleDict({"encoder": torch.nn.Linear(2, 2), "decoder": torch.nn.Linear(2, 2)})
    model["decoder"].weight = model["encoder"].weight
    with simulated():
        for device in ("cuda", "cpu"):
            model.to(device)
            assert model["decoder"].weight is model["encoder"].weight
            assert model["encoder"].weight.device.type == ("cpu" if device == "cpu" else "sim")
