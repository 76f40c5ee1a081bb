"""`sparsebench train RECIPE.yaml`."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import click
from tabulate import tabulate

from sparsebench.cli.exits import Exit
from sparsebench.cli.options import example
from sparsebench.cli.output import echo
from sparsebench.device import check_device, choose_device, only_this_one
from sparsebench.errors import NotAtHandError, SparsebenchError, TrainingError
from sparsebench.progress import progress_for_terminal
from sparsebench.store import Store, default_root
from sparsebench.training.checkpoints import matches, training_of
from sparsebench.training.recipe import Variant, load_recipe
from sparsebench.training.show import Report, reporting
from sparsebench.training.trained import Training
from sparsebench.types import Json


@click.command("train", epilog=example("sparsebench train study/vocabulary.yaml --steps 20"))
@click.argument("recipe", type=click.Path(path_type=Path))
@click.option("--only", multiple=True, metavar="LABEL", help="Only trainings with this label; * stands for anything.")
@click.option("--steps", type=click.IntRange(min=1), help="Train for that many steps, to try a recipe out.")
@click.option("--set", "overrides", multiple=True, metavar="KEY=VALUE", help="Override a value, e.g. seed=1.")
@click.option("--device", default="auto", show_default=True, help="auto, cpu, cuda, cuda:1.")
@click.option("--offline", is_flag=True, help="Download nothing; list what is missing.")
@click.option("--json", "as_json", is_flag=True, help="One JSON object a line, for every report and every result.")
def command(
    recipe: Path,
    only: Sequence[str],
    steps: int | None,
    overrides: Sequence[str],
    device: str,
    offline: bool,
    as_json: bool,
) -> int:
    """Train what is missing of RECIPE into the store ($SPARSEBENCH_STORE); one that was killed goes on."""
    chosen = only_this_one(choose_device(device))
    overrides = [*overrides, *([f"steps={steps}"] if steps else [])]
    store = Store(default_root())
    trainings = [training_of(variant, store) for variant in select(load_recipe(recipe, overrides), only)]
    _get(trainings, offline)
    check_device(chosen)
    results = [_train(training, chosen, as_json) for training in trainings]
    if not as_json:
        rows = [[result["label"], result["status"], result.get("folder") or result["error"]] for result in results]
        echo(tabulate(rows, ["training", "", "folder"], tablefmt="github"))
    return Exit.FAILED_CELLS if any(result["status"] == "failed" for result in results) else Exit.OK


def select(variants: Sequence[Variant], patterns: Sequence[str]) -> Sequence[Variant]:
    """Select the trainings whose label matches any pattern; all where there is none.

    Raises SparsebenchError where none matches.
    """
    chosen = [each for each in variants if any(matches(each.label, pattern) for pattern in patterns)]
    if patterns and not chosen:
        names = "\n".join(f"  {variant.label}" for variant in variants)
        raise SparsebenchError(f"no training matches {' '.join(patterns)}. There is:\n{names}")
    return chosen or variants


def _get(trainings: Sequence[Training], offline: bool) -> None:
    """Get what is not at hand, or name all of it before the first training begins."""
    if not offline:
        for training in trainings:
            training.fetch()
    if lines := dict.fromkeys(line for training in trainings for line in training.missing()):
        raise NotAtHandError("not at hand:\n" + "\n".join(f"  {line}" for line in lines))


def _train(training: Training, device: str, as_json: bool) -> dict[str, Json]:
    """One that fails does not stop the others."""
    label = training.variant.label
    result: dict[str, Json] = {"label": label, "key": training.key}
    if found := training.find():
        result |= {"status": "cached", "folder": str(found.folder)}
    else:
        try:
            with _reporting(training, as_json) as report:
                result |= {"status": "trained", "folder": str(training.run(device, report).folder)}
        except TrainingError as error:
            result |= {"status": "failed", "error": str(error)}
    if as_json:
        echo(json.dumps(result))
    return result


@contextmanager
def _reporting(training: Training, as_json: bool) -> Iterator[Report]:
    if as_json:
        yield _print
    else:
        with reporting(progress_for_terminal(), training.variant.label, training.variant.settings.steps) as report:
            yield report


def _print(state: dict[str, Json]) -> None:
    echo(json.dumps(state))
