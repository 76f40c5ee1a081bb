"""Disks that are full, have no inode left, or cannot be written."""

from __future__ import annotations

import os
import random
import subprocess
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

from torture.outcomes import judged
from torture.subject import Finished, Subject, fresh

ROOMY = "size=200m,nr_inodes=100k"


def full_store(original: Subject, place: Path, number: int, chance: random.Random) -> Mapping[str, object]:
    """A store of 4 to 200 KiB; then space is made."""
    return _small(original, place, "store", f"size={chance.choice((4, 8, 16, 32, 64, 100, 200))}k")


def full_runs(original: Subject, place: Path, number: int, chance: random.Random) -> Mapping[str, object]:
    """As much for the runs."""
    return _small(original, place, "runs", f"size={chance.choice((4, 8, 16, 32, 64, 100, 200))}k")


def no_inodes(original: Subject, place: Path, number: int, chance: random.Random) -> Mapping[str, object]:
    """A store or runs of a few files."""
    return _small(original, place, ("store", "runs")[number % 2], f"size=50m,nr_inodes={chance.randrange(2, 40)}")


def full_leaderboards(original: Subject, place: Path, number: int, chance: random.Random) -> Mapping[str, object]:
    """Publish where there is no room."""
    if (reason := _unable()) is not None:
        return reason
    subject = fresh(original, place)
    with _mounted(subject.leaderboards, f"size={chance.choice((4, 8, 16, 32, 64))}k") as remount:
        first = subject.command("publish", "torture")
        remount(ROOMY)
        last = subject.command("publish", "torture")
        return judged([first, last], ok=last.code == 0, same=subject.same())


def read_only(original: Subject, place: Path, number: int, chance: random.Random) -> Mapping[str, object]:
    """Read-only, with something missing or damaged in it; then writable again."""
    if (reason := _unable()) is not None:
        return reason
    subject = fresh(original, place, results=number % 3 != 0)
    folder = (subject.store, subject.runs, subject.leaderboards)[number % 3]
    words = ("publish", "torture") if number % 3 == 2 else subject.run_words(real=False)
    subprocess.run(["cp", "-a", str(folder), f"{folder}.kept"], check=False)
    with _mounted(folder, ROOMY) as remount:
        subprocess.run(f"cp -a {folder}.kept/. {folder}/", shell=True, check=False)
        files = sorted(path for path in folder.rglob("*") if path.is_file())
        if files:
            chance.choice(files).write_bytes(b"damaged")
        remount("ro")
        others = [] if number % 3 else [subject.command("cache", "ls", "--store", "store")]
        first = subject.command(*words)
        remount(f"rw,{ROOMY}")
        run = subject.run()
        last = subject.command("publish", "torture")
        same = subject.same("runs", "leaderboards")
    return judged([*others, first, run, last], ok=run.code == last.code == 0, same=same)


def _small(original: Subject, place: Path, name: str, options: str) -> Mapping[str, object]:
    if (reason := _unable()) is not None:
        return reason
    subject = fresh(original, place, store=False, results=False)
    with _mounted(subject.base / name, options) as remount:
        first = subject.run()
        remount(ROOMY)
        last: Finished = subject.run()
        return judged([first, last], ok=last.code == 0, same=subject.same("runs"), note=options)


def _unable() -> Mapping[str, object] | None:
    """Why no disk can be made here."""
    if os.geteuid() == 0 and subprocess.run(["mount", "--version"], capture_output=True, check=False).returncode == 0:
        return None
    return {"injected": 0, "survived": 0, "not_run": "mounting a tmpfs takes root"}


@contextmanager
def _mounted(folder: Path, options: str) -> Iterator[object]:
    folder.mkdir(exist_ok=True)
    subprocess.run(["mount", "-t", "tmpfs", "-o", options, "tmpfs", str(folder)], check=True, capture_output=True)

    def remount(options: str) -> None:
        command = ["mount", "-o", f"remount,{options}", str(folder)]
        subprocess.run(command, check=True, capture_output=True)

    try:
        yield remount
    finally:
        subprocess.run(["umount", "-l", str(folder)], check=False, capture_output=True)
