"""`sparsebench noise SUITE`."""

from __future__ import annotations

from typing import Any

import click
from tabulate import tabulate

from sparsebench.cli.exits import Exit
from sparsebench.cli.options import example, suite_options
from sparsebench.cli.output import echo
from sparsebench.evaluate.group import Evaluation
from sparsebench.evaluate.noise import group_noise
from sparsebench.leaderboard import read_report
from sparsebench.planning.session import open_session
from sparsebench.provenance import Stopwatch
from sparsebench.records import INDEX_FILE, NOISE_FILE, PAGE
from sparsebench.records.noise import GroupNoise, Noise, read_noise
from sparsebench.registry import discover

HEADERS = ("collection", "model", "documents", "ways", "weight", "flips", "rankings", "floor")
READING = """\
documents: encoded again. ways: how many were tried. weight: the largest change of one. flips: entries active on one \
side alone. rankings: the largest share of the queries whose ranking changed. floor: the most that a mean moved, \
without a postprocessor. A leaderboard greys differences that are no larger than the floors of both their models."""


@click.command("noise", epilog=example("sparsebench noise quickstart --sample 100"))
@suite_options
@click.option("--sample", type=click.IntRange(min=1), default=1000, show_default=True,
              help="Documents to encode again, at most; those ranked highest come first.")  # fmt: skip
def command(sample: int, **options: Any) -> int:
    """Measure how much of the figures of SUITE is noise of encoding.

    Encodes the test queries and a sample of the documents again, in other batches, engines, number types and numbers of
    threads, and says how far that moves each mean.
    """
    session = open_session(**options)
    session.check_devices()
    registry, noise = discover(options["plugin_switches"]), read_noise([session.folder]) or Noise()
    found = []
    for group in session.plan.groups:
        session.progress.say(f"{group.model.spec.label} on {group.collection.spec.label}")
        evaluation = Evaluation(group, session.store, session.progress, Stopwatch())
        found.append(group_noise(evaluation, registry, session.store, sample))
        noise = noise.with_group(found[-1])
        noise.write(session.folder)  # after each group: a kill loses one
    rows, left_out = [_row(of) for of in found], dict.fromkeys(line for of in found for line in _left_out(of))
    echo(tabulate(rows, HEADERS, tablefmt="github", disable_numparse=True))
    echo("\n".join(["", *left_out, READING, f"written: {session.folder / NOISE_FILE}"]))
    if (session.folder / INDEX_FILE).is_file():
        read_report(session.folder).write(session.folder, PAGE)
    return Exit.OK


def _row(of: GroupNoise) -> list[str]:
    changes = of.changes
    return [
        of.collection,
        of.model,
        f"{of.sampled:,} of {of.documents:,}",
        str(len(changes)),
        f"{max((change.weight for change in changes), default=0.0):.1e}",
        f"{max((change.flips for change in changes), default=0):,} of {of.entries:,}",
        f"{max((change.rankings for change in changes), default=0.0):.1%}",
        ", ".join(f"{name} {floor:.2g}" for name, floor in of.floors.items()),
    ]


def _left_out(of: GroupNoise) -> list[str]:
    return [f"left out: {of.model}, {name}: {why}" for name, why in of.left_out.items()]
