"""`sparsebench convert MODEL SOURCE OUT`."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import click

from sparsebench.checkpoints import Files, Location
from sparsebench.cli.exits import Exit
from sparsebench.cli.options import example, plugin_options
from sparsebench.cli.output import echo
from sparsebench.contracts.hookspecs import Conversion
from sparsebench.errors import PluginError
from sparsebench.registry import discover


@click.command("convert", epilog=example("sparsebench convert xclip best.bin models/xclip --tokenizer models/clip"))
@click.argument("model")
@click.argument("source", type=click.Path(path_type=Path, exists=True, dir_okay=False))
@click.argument("out", type=click.Path(path_type=Path))
@click.option(
    "--tokenizer",
    required=True,
    metavar="CHECKPOINT",
    help="Where the tokenizer is taken from: a folder, or a hub id that `fetch` has brought.",
)
@click.option("--revision", help="The commit of that hub id.")
@click.option("--image-size", type=click.IntRange(min=1), help="Pixels a side, where positions are to be resized.")
@plugin_options
def command(
    model: str,
    source: Path,
    out: Path,
    tokenizer: str,
    revision: str | None,
    image_size: int | None,
    plugin_switches: Sequence[str],
) -> int:
    """Turn a checkpoint of MODEL's authors into a folder of safetensors, once.

    SOURCE is read with weights_only, so that no code of its choosing runs. Every name has to be the one that the model
    needs: what is missing or left over is an error, and OUT is not written.
    """
    registry = discover(plugin_switches)
    convert = registry.get("models", model).plugin.convert
    if convert is None:
        able = ", ".join(name for name, each in registry.models.items() if each.plugin.convert)
        raise PluginError(f"{model} has no checkpoints to convert; these have: {able}")
    folder = Location(tokenizer, revision).folder(Files())
    echo(f"{out}: {convert(Conversion(source, out, folder, image_size))}")
    return Exit.OK
