"""Do what is left of the campaign, count, and write docs/reliability.md; what was done is kept, so a kill costs one."""

from __future__ import annotations

import argparse
import json
import random
import shutil
import sys
import tempfile
import time
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass
from pathlib import Path

from torture import beside, checkpoints, damage, disks, foreign, kills, mutations, suites
from torture.page import page
from torture.subject import Subject, make_subject


@dataclass(frozen=True)
class Fault:
    """One kind of fault. counts: injections of the short form and of the long one."""

    name: str
    inject: Callable[[Subject, Path, int, random.Random], Mapping[str, object]]
    counts: tuple[int, int]


FAULTS = (
    Fault("kill -9 of the process group, same command again", kills.kill_run, (1, 200)),
    Fault("kill -9 while publishing, published again", kills.kill_publish, (1, 20)),
    Fault("store on a full disk", disks.full_store, (1, 12)),
    Fault("runs on a full disk", disks.full_runs, (1, 12)),
    Fault("publish on a full disk", disks.full_leaderboards, (1, 8)),
    Fault("no inode left", disks.no_inodes, (1, 9)),
    Fault("read-only store, runs, leaderboards", disks.read_only, (1, 9)),
    Fault("damage in the store", damage.in_store, (1, 100)),
    Fault("damage in runs", damage.in_runs, (2, 150)),
    Fault("damage in published folders", damage.in_published, (1, 60)),
    Fault("2 to 4 processes on one suite", beside.several, (1, 12)),
    Fault("cache commands beside a run", beside.cache, (1, 12)),
    Fault("plugins that misbehave", foreign.misbehave, (3, len(foreign.MODES))),
    Fault("hostile checkpoints", checkpoints.hostile, (6, len(checkpoints.KINDS))),
    Fault("nasty suites", suites.nasty, (1, 1)),
    Fault("random mutations of every reader", mutations.mutate, (1, 110)),
)


def main() -> None:
    """Parse the command line and do it."""
    asked = argparse.ArgumentParser(prog="python -m torture", description=__doc__)
    asked.add_argument("--short", action="store_true", help="a few of each, in minutes")
    asked.add_argument("--state", type=Path, default=Path("build/torture.jsonl"), help="what was done already")
    asked.add_argument("--only", default="", help="faults whose names hold this")
    asked.add_argument("--minutes", type=float, default=float("inf"), help="stop beginning anything after these")
    asked.add_argument("--write", type=Path, help="the page to write, docs/reliability.md")
    options = asked.parse_args()
    done = campaign(options.state, short=options.short, only=options.only, minutes=options.minutes)
    text = page(done, [(fault.name, fault.counts[0 if options.short else 1]) for fault in FAULTS])
    print(text)
    if options.write:
        options.write.write_text(text)
    sys.exit(any(each["lost"] or each["wrong"] or each["traceback"] or each["hang"] for each in done))


def campaign(state: Path, *, short: bool, only: str = "", minutes: float = float("inf")) -> list[dict[str, object]]:
    """Every injection that was ever done with this state, those of now among them."""
    state.parent.mkdir(parents=True, exist_ok=True)
    done = [json.loads(line) for line in state.read_text().splitlines()] if state.is_file() else []
    known = {(each["fault"], each["number"]) for each in done}
    end = time.monotonic() + 60 * minutes
    place = Path(tempfile.mkdtemp(prefix="torture-"))
    try:
        original = make_subject(place / "original")
        for fault, number in _order(short):
            if only in fault.name and (fault.name, number) not in known:
                if time.monotonic() > end:
                    break
                done.append(_inject(fault, original, place / "copy", number, state))
    finally:
        shutil.rmtree(place, ignore_errors=True)
    return done


def _order(short: bool) -> list[tuple[Fault, int]]:
    """Every injection, one of each first, then mixed by their counts: a campaign that is cut short has tried each."""
    share = {
        (place, number): number / fault.counts[0 if short else 1]
        for place, fault in enumerate(FAULTS)
        for number in range(fault.counts[0 if short else 1])
    }
    return [(FAULTS[place], number) for place, number in sorted(share, key=lambda each: (share[each], each))]


def _inject(fault: Fault, original: Subject, place: Path, number: int, state: Path) -> dict[str, object]:
    """One injection, written down as soon as it is over."""
    chance = random.Random(f"{fault.name}/{number}")
    outcome = asdict(Outcome(fault.name, number)) | dict(fault.inject(original, place, number, chance))
    with state.open("a") as file:
        file.write(json.dumps(outcome) + "\n")
    bad = {name: outcome[name] for name in ("lost", "wrong", "traceback", "hang") if outcome[name]}
    if bad:
        print(f"{fault.name} #{number}: {bad} {outcome['note']}", file=sys.stderr, flush=True)
    return outcome


@dataclass(frozen=True)
class Outcome:
    """How many injections, how many ended in each way; not_run: why none was made."""

    fault: str
    number: int
    injected: int = 1
    survived: int = 1
    lost: int = 0
    wrong: int = 0
    traceback: int = 0
    hang: int = 0
    note: str = ""
    not_run: str = ""
