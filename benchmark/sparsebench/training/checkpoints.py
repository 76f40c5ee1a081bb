"""Locate `recipe:FILE.yaml#LABEL`, which stands where a checkpoint goes, for suites and for recipes that go on from
others.
"""

from __future__ import annotations

import fnmatch
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from sparsebench.checkpoints import AnyLocation, Files, Location
from sparsebench.device import choose_device
from sparsebench.errors import ModelError, NotAtHandError, did_you_mean
from sparsebench.progress import Progress, progress_for_terminal
from sparsebench.store import Store, default_root
from sparsebench.training.recipe import Variant, load_recipe
from sparsebench.training.show import reporting
from sparsebench.training.trained import Training

RECIPE = "recipe:"


@dataclass(frozen=True)
class Trained:
    """A checkpoint that a recipe trains: `recipe:FILE.yaml#LABEL`."""

    checkpoint: str
    is_on_hub = False

    @property
    def _name(self) -> str:
        return self.checkpoint.removeprefix(RECIPE)

    def folder(self, files: Files) -> Path:
        """Return its folder in the store; raises ModelError where it is not trained yet, or not known."""
        return trained_folder(self._name)

    def missing(self, files: Files) -> str | None:
        """Say why it is not at hand, None when it is."""
        try:
            self.folder(files)
        except ModelError as error:
            return str(error)
        return None

    def fetch(self, files: Files, *, again: bool = False) -> None:
        """Train it where it is missing; raises SparsebenchError."""
        train_named(self._name)


def locate(checkpoint: str, revision: str | None) -> AnyLocation:
    """Find where a checkpoint is, `recipe:` included; raises ModelError where it and `revision` do not go together."""
    if not checkpoint.startswith(RECIPE):
        return Location(checkpoint, revision)
    if revision is not None:
        raise ModelError(f"checkpoint {checkpoint!r} is not on the hub, so it takes no `revision`")
    return Trained(checkpoint)


def each_training(checkpoint: str) -> Mapping[str, str]:
    """Find every training that `recipe:FILE.yaml#PATTERN` names, as label -> checkpoint; `*` stands for anything.

    Empty where `checkpoint` is no such pattern. Raises ModelError where none matches, SuiteError where the recipe has
    mistakes.
    """
    path, _, pattern = checkpoint.removeprefix(RECIPE).partition("#")
    if not checkpoint.startswith(RECIPE) or "*" not in pattern:
        return {}
    return {label: f"{RECIPE}{path}#{label}" for label in matching(Path(path), pattern)}


def training_of(variant: Variant, store: Store) -> Training:
    """Make the training of a variant, whose backbone may be a training in turn."""
    return Training(variant, store, locate)


def trained_folder(name: str) -> Path:
    """The folder that a training left in the store; raises ModelError where it is not trained yet, or not known."""
    training = named(name)
    if found := _known(training):
        return found
    lines = [
        f"checkpoint recipe:{name} is not trained yet; `sparsebench train` does that, as do `fetch` and `run`",
        *training.missing(),
    ]
    raise ModelError("\n".join(lines))


def train_named(name: str) -> None:
    """Train it where it is missing; raises SparsebenchError."""
    training, progress = named(name), progress_for_terminal()
    training.fetch()
    if lines := training.missing():
        raise NotAtHandError("not at hand:\n" + "\n".join(f"  {line}" for line in lines))
    finish(training, choose_device("auto"), progress)


def finish(training: Training, device: str, progress: Progress) -> None:
    """Train with a bar."""
    settings = training.variant.settings
    with reporting(progress, settings.label, settings.steps) as report:
        training.run(device, report)


def named(name: str) -> Training:
    """`FILE.yaml#LABEL`, `FILE.yaml` where it is one training; raises ModelError, SuiteError."""
    path, _, label = name.partition("#")
    variants = {variant.label: variant for variant in load_recipe(Path(path))}
    if not label and len(variants) == 1:
        label = next(iter(variants))
    if label not in variants:
        what = f"has no training {label!r}" if label else "has several trainings; name one after a `#`"
        raise ModelError(f"checkpoint recipe:{name}: {path} {what}.{did_you_mean(label, variants)}")
    return training_of(variants[label], Store(default_root()))


def matching(path: Path, pattern: str) -> list[str]:
    """Labels of the trainings of a recipe; raises ModelError where none matches, SuiteError."""
    labels = [variant.label for variant in load_recipe(path)]
    found = [label for label in labels if matches(label, pattern)]
    if not found:
        raise ModelError(f"checkpoint recipe:{path}#{pattern}: no training matches.{did_you_mean(pattern, labels)}")
    return found


def matches(label: str, pattern: str) -> bool:
    """`*` stands for anything; brackets stand for themselves, for labels have them."""
    return fnmatch.fnmatchcase(label, pattern.replace("[", "[[]"))


def _known(training: Training) -> Path | None:
    """Find a finished training; None also where data or backbone, and with them its name, are not at hand."""
    if training.missing():
        return None
    found = training.find()
    return found.folder if found else None
