"""As a plugin of pytest: `-p device.simulator.plugin`; every test then has the simulated device as `cuda`."""

from __future__ import annotations

from contextlib import ExitStack

import pytest

from device.simulator.install import simulated

_STACK = ExitStack()


def pytest_configure(config: pytest.Config) -> None:
    _STACK.enter_context(simulated())


def pytest_unconfigure(config: pytest.Config) -> None:
    _STACK.close()
