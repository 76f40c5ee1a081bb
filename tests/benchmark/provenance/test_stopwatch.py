"""Clocks of several threads do not disturb each other."""

from __future__ import annotations

import time
from concurrent.futures import ThreadPoolExecutor
from threading import Barrier

from sparsebench.provenance import Stopwatch


def test_two_threads_with_a_watch_each_measure_their_own_time() -> None:
    together = Barrier(2)

    def work(seconds: float) -> Stopwatch:
        watch = Stopwatch()
        together.wait()
        with watch.stage("whole"):
            time.sleep(seconds / 2)
            with watch.stage("part"):
                time.sleep(seconds / 2)
        return watch

    with ThreadPoolExecutor(2) as threads:
        for seconds, watch in zip((0.2, 0.4), threads.map(work, (0.2, 0.4)), strict=True):
            # Sleeping takes at least what was asked: a stage of the other thread, taken off, would make it less.
            assert watch.seconds["whole"] >= seconds / 2
            assert watch.seconds["part"] >= seconds / 2
