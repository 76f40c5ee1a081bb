from __future__ import annotations

from types import SimpleNamespace

import pytest

from sparsebench.provenance import Stopwatch
from sparsebench.provenance import stopwatch as provenance


def test_seconds_of_a_stage_within_another_are_its_own_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    clock = iter([0.0, 1.0, 4.0, 5.0, 7.0, 10.0])
    monkeypatch.setattr(provenance, "time", SimpleNamespace(perf_counter=lambda: next(clock)))
    watch, other = Stopwatch(), Stopwatch()
    with watch.stage("rank"):
        with watch.stage("encode"):
            pass
        with other.stage("tune"):
            pass
    assert watch.seconds == {"encode": 3.0, "rank": 10.0 - 3.0 - 2.0}
    assert other.seconds == {"tune": 2.0}
