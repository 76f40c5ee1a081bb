"""Damage of every kind of file: a byte, a digit, half of it gone, empty, not there."""

from __future__ import annotations

import random
import re
from collections.abc import Callable, Mapping
from pathlib import Path

from torture.outcomes import judged
from torture.subject import Subject, fresh


def _byte(path: Path, chance: random.Random) -> None:
    data = bytearray(path.read_bytes())
    if data:
        data[chance.randrange(len(data))] ^= 1 << chance.randrange(8)
    path.write_bytes(bytes(data))


def _digit(path: Path, chance: random.Random) -> None:
    data = path.read_bytes()
    places = [found.start() for found in re.finditer(rb"[0-9]", data)]
    if not places:
        return _byte(path, chance)
    at = chance.choice(places)
    path.write_bytes(data[:at] + b"%d" % ((data[at] - 48 + chance.randrange(1, 10)) % 10) + data[at + 1 :])
    return None


def _truncate(path: Path, chance: random.Random) -> None:
    data = path.read_bytes()
    path.write_bytes(data[: chance.randrange(len(data)) if data else 0])


def _empty(path: Path, chance: random.Random) -> None:
    path.write_bytes(b"")


def _delete(path: Path, chance: random.Random) -> None:
    path.unlink()


WAYS: tuple[Callable[[Path, random.Random], None], ...] = (_byte, _digit, _truncate, _empty, _delete)


def in_store(original: Subject, place: Path, number: int, chance: random.Random) -> Mapping[str, object]:
    """The results are gone, so the store is all that a run has; it must see what is not whole."""
    subject = fresh(original, place, results=False)
    what = _damage(subject.store, number, chance)
    first, last = subject.run(), subject.run()
    return judged([first, last], ok=first.code == last.code == 0, same=subject.same("runs"), note=what)


def in_runs(original: Subject, place: Path, number: int, chance: random.Random) -> Mapping[str, object]:
    """Then `run`, `publish`, and the check of what was published."""
    subject = fresh(original, place)
    what = _damage(subject.runs, number, chance)
    report = subject.command("report", "torture")
    run = subject.run()
    publish = subject.command("publish", "torture")
    check = subject.command("report", "torture", "--published", "--check")
    ok = run.code == publish.code == check.code == 0
    return judged([report, run, publish, check], ok=ok, same=subject.same(), note=what)


def in_published(original: Subject, place: Path, number: int, chance: random.Random) -> Mapping[str, object]:
    """The check must notice, and publishing must heal; costs are of each machine, and nothing vouches for them."""
    subject = fresh(original, place)
    before = {path: path.read_bytes() for path in subject.leaderboards.rglob("*") if path.is_file()}
    what = _damage(subject.leaderboards, number, chance, but="costs.json")
    changed = before != {path: path.read_bytes() for path in subject.leaderboards.rglob("*") if path.is_file()}
    check = subject.command("report", "torture", "--published", "--check")
    publish = subject.command("publish", "torture")
    noticed = check.code in (1, 4) or not changed
    return judged([check, publish], ok=publish.code == 0, same=noticed and subject.same(), note=what)


def _damage(folder: Path, number: int, chance: random.Random, but: str = "") -> str:
    """Damage a file, of each kind in turn; say which and how."""
    files = sorted(path for path in folder.rglob("*") if path.is_file() and path.name != but)
    kinds = sorted({path.name if "shard" not in path.name else "shard" for path in files})
    kind = kinds[number % len(kinds)]
    path = chance.choice([each for each in files if each.name == kind] or files)
    way = WAYS[(number // len(kinds)) % len(WAYS)]
    way(path, chance)
    return f"{way.__name__} of {path.relative_to(folder)}"
