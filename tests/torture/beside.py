"""Several processes at once."""

from __future__ import annotations

import random
from collections.abc import Mapping
from pathlib import Path

from torture.outcomes import judged
from torture.subject import Subject, fresh


def several(original: Subject, place: Path, number: int, chance: random.Random) -> Mapping[str, object]:
    """Two to four runs of one suite with one store, in one folder or, every third time, each in its own."""
    subject = fresh(original, place, store=False, results=False)
    count, apart = 2 + number % 3, number % 3 == 2
    names = [f"runs{n}" if apart and n else "runs" for n in range(count)]
    running = [subject.start(*subject.run_words(False, runs=name)) for name in names]
    finished = [each.wait() for each in running]
    same = subject.same("runs") and all(
        [digest for _, digest in sorted(subject.results(name).items())]
        == [digest for _, digest in sorted(subject.results("runs").items())]
        for name in names
    )
    return judged(finished, ok=all(each.code == 0 for each in finished), same=same, note=f"{count} at once")


def cache(original: Subject, place: Path, number: int, chance: random.Random) -> Mapping[str, object]:
    """`cache ls`, `clear` or `sweep` again and again while a run computes; neither may trouble the other."""
    words = (("ls",), ("clear", "--yes"), ("sweep",))[number % 3]
    subject = fresh(original, place, store=bool(number % 2), results=False)
    running, others = subject.start(*subject.run_words(False)), []
    while not _is_over(running.pid) and len(others) < 200:
        others.append(subject.command("cache", *words, "--store", "store"))
    finished = running.wait()
    bad = [each for each in others if each.code or each.traceback]
    ok = finished.code == 0 and not bad
    note = f"cache {words[0]}, {len(others)} times"
    return judged([finished, *bad[:1]], ok=ok, same=subject.same("runs"), note=note)


def _is_over(pid: int) -> bool:
    """Whether a child has ended, without collecting it."""
    return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] == "Z"
