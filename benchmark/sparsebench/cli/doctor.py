"""`sparsebench doctor`."""

from __future__ import annotations

from collections.abc import Sequence

import click

from sparsebench.cli.exits import Exit
from sparsebench.cli.options import example, plugin_options
from sparsebench.cli.output import echo
from sparsebench.device import check_device, choose_device, describe, why_no_gpu
from sparsebench.encoding import cpu_engine, passed_over, slow_without
from sparsebench.errors import SparsebenchError
from sparsebench.provenance import hardware, software
from sparsebench.registry import discover
from sparsebench.store import Store, default_root


@click.command("doctor", epilog=example("sparsebench doctor"))
@plugin_options
def command(plugin_switches: Sequence[str]) -> int:
    """Check the installation: versions, device, store, plugins. Exit code 1 when something is broken."""
    facts = software()
    echo(f"sparsebench {facts['sparsebench']}, Python {facts['python']}, commit {facts['git']}")
    echo(", ".join(f"{name} {version}" for name, version in facts["libraries"].items()))
    problems = [*_device(), *_engine(), *_store(), *_plugins(plugin_switches)]
    for problem in problems:
        echo(f"problem: {problem}")
    echo("all is well" if not problems else f"{len(problems)} problems")
    return Exit.FAILED_CELLS if problems else Exit.OK


def _device() -> list[str]:
    device = choose_device("auto")
    try:
        check_device(device)
    except SparsebenchError as error:
        return [str(error)]
    facts = {name: value for name, value in hardware(device).items() if name != "gpu"}
    for part in (facts, describe(device)):
        if part:
            echo(", ".join(f"{name}: {value}" for name, value in part.items()))
    echo(_gpu(device))
    return []


def _gpu(device: str) -> str:
    """Say why no GPU is used, or that one of several is."""
    if (reason := why_no_gpu()) is not None:
        return f"no GPU is used: {reason}"
    visible = describe(device)["visible"]
    return f"{visible} GPUs are visible; a run uses one of them, cuda:0 unless --device says another"


def _engine() -> list[str]:
    """Say what a CPU encodes with; what is missing for the fastest is a problem."""
    engine = cpu_engine("auto")
    echo("; ".join([f"encoding on the CPU: {engine}", *(f"no {n}: {why}" for n, why in passed_over(engine).items())]))
    return list(filter(None, [slow_without()]))


def _store() -> list[str]:
    store = Store(default_root())
    try:
        with store.writing("doctor", "probe", {}) as folder:
            (folder / "probe").write_text("written")
        probe = store.find("doctor", "probe")
        assert probe is not None
        store.remove(probe)
    except SparsebenchError as error:
        return [str(error)]
    echo(f"store: {store.root} is writable")
    return []


def _plugins(plugin_switches: Sequence[str]) -> list[str]:
    registry = discover(plugin_switches)
    echo(f"plugins: {', '.join(map(str, registry.providers))}")
    return [f"{each}\n{each.traceback}" for each in registry.broken]
