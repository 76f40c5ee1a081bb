"""Suites written by hand to be nasty, each in a process that must be done in a second of its own."""

from __future__ import annotations

import random
import resource
from collections.abc import Mapping
from pathlib import Path

from torture.nasty import SUITES
from torture.outcomes import judged
from torture.subject import Subject, fresh

MOST_SECONDS = 1.0
"""Of the processor, for 500 bytes, beside what a suite of one line takes."""


def nasty(original: Subject, place: Path, number: int, chance: random.Random) -> Mapping[str, object]:
    """All of them; each must be refused with its reason."""
    subject = fresh(original, place, results=False)
    (subject.base / "nasty.yaml").write_text("name: 5\n")
    words = ("plan", "nasty.yaml", "--store", "store")
    least = min(_seconds(subject, words)[1] for _ in range(2))
    counts = dict.fromkeys(("survived", "lost", "wrong", "traceback", "hang"), 0)
    notes = []
    for name, (text, said) in SUITES.items():
        (subject.base / "nasty.yaml").write_text(text)
        finished, seconds = _seconds(subject, words)
        slow = seconds - least > MOST_SECONDS
        found = judged([finished], ok=finished.code == 4 and not slow, same=said in finished.text, note=name)
        for column in counts:
            counts[column] += int(str(found[column]))
        notes += [f"{found['note']} ({seconds:.1f} s)"] if found["note"] else []
    return {**counts, "injected": len(SUITES), "note": " || ".join(notes)}


def _seconds(subject: Subject, words: tuple[str, ...]) -> tuple[object, float]:
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    finished = subject.command(*words)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return finished, after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
