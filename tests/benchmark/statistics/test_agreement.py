from __future__ import annotations

import pytest

from sparsebench.statistics import kendall_tau


def test_tau_needs_an_order_of_three():
    rising = {"a": 1.0, "b": 2.0, "c": 3.0, "d": 4.0}
    assert kendall_tau(rising, rising | {"c": 9.0}) == pytest.approx(4 / 6)  # one of six pairs changes sides
    assert kendall_tau(rising, {"a": 1.0, "b": 2.0, "z": 3.0}) is None
    assert kendall_tau(rising, dict.fromkeys(rising, 1.0)) is None
