"""`kill -9`, at any moment."""

from __future__ import annotations

import random
import time
from collections.abc import Mapping
from pathlib import Path

from torture.outcomes import judged
from torture.subject import Subject, fresh

_LONGEST: dict[bool, float] = {}
"""Seconds that an undisturbed run takes, measured once for each way of doing it."""


def kill_run(original: Subject, place: Path, number: int, chance: random.Random) -> Mapping[str, object]:
    """Kill a run once or twice on its way, then let it finish. Every tenth is the command as users give it."""
    real = number % 10 == 0
    if real not in _LONGEST:
        subject, begun = fresh(original, place, store=False, results=False), time.monotonic()
        subject.run(real=real)
        _LONGEST[real] = time.monotonic() - begun
    subject = fresh(original, place, store=False, results=False)
    texts = []
    for _ in range(chance.choice((1, 1, 2))):
        running = subject.start(*subject.run_words(real), real=real)
        time.sleep(chance.uniform(0.05, 1) * _LONGEST[real])
        running.kill()
        texts.append(running.wait())
    last = subject.run(real=real)
    return judged([*texts, last], ok=last.code == 0, same=subject.same("runs"))


def kill_publish(original: Subject, place: Path, number: int, chance: random.Random) -> Mapping[str, object]:
    """Kill `publish` over an older board, then publish."""
    subject = fresh(original, place)
    (subject.leaderboards / "torture.md").write_text("an older page\n")
    running = subject.start("publish", "torture")
    time.sleep(chance.uniform(0, 1.5))
    running.kill()
    killed, last = running.wait(), subject.command("publish", "torture")
    check = subject.command("report", "torture", "--published", "--check")
    return judged([killed, last, check], ok=last.code == check.code == 0, same=subject.same())
