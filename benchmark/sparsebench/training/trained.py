"""Trained checkpoints in the store: named by all that they were made from, found again, made where they are missing."""

from __future__ import annotations

import fcntl
import json
import shutil
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cached_property
from importlib.util import find_spec
from pathlib import Path

from sparsebench.checkpoints import AnyLocation
from sparsebench.errors import ModelError, TrainingError
from sparsebench.provenance import Stopwatch, hardware, software
from sparsebench.provenance.digests import digest
from sparsebench.provenance.source import code_digest
from sparsebench.store import Artefact, Store, disk_errors
from sparsebench.training import backbone, examples, overlap
from sparsebench.training.recipe import Variant
from sparsebench.training.show import Report
from sparsebench.types import Json

KIND = "trained"
CARD = "training.json"
NEEDS = ("sentence_transformers", "datasets", "accelerate")

_NOT_OF_THE_RESULT = {"name", "label", "description", "backbone", "revision", "data", "test_sets", "save_every"}
"""Settings that change no weight, or that count by the content of what they name."""
TRAINING = "sparsebench.training.trainer"
"""The module whose code, with all that it leads to, decides what the weights are."""


@dataclass(frozen=True)
class Training:
    """One training of a recipe and the store that its result belongs in.

    locate: finds a backbone by `checkpoint` and `revision`; it may be a training in turn.
    """

    variant: Variant
    store: Store
    locate: Callable[[str, str | None], AnyLocation]

    @cached_property
    def backbone(self) -> AnyLocation:
        """Place of its backbone; raises ModelError where backbone and revision do not go together."""
        return self.locate(self.variant.settings.backbone, self.variant.settings.revision)

    @cached_property
    def identity(self) -> dict[str, Json]:
        """All that determines the weights, but the machine and versions of libraries, which the card records.

        Raises CollectionError, ModelError where data or backbone are not at hand.
        """
        settings = self.variant.settings
        return {
            "settings": settings.model_dump(mode="json", exclude=_NOT_OF_THE_RESULT),
            "data": examples.identify(settings.data),
            "dropped": overlap.digests(self.variant) if settings.overlap == "drop" else [],
            "backbone": dict(backbone.digests(settings, self.backbone)),
            "code": code_digest(TRAINING, examples.__name__, overlap.__name__),
        }

    @property
    def key(self) -> str:
        """The name of the result."""
        return digest(self.identity)

    @property
    def work(self) -> Path:
        """Folder of its checkpoints until training is finished."""
        return self.store.root / "training" / self.key

    def missing(self) -> Sequence[str]:
        """List what has to be there before it can start, one line each; touches no network."""
        settings = self.variant.settings
        lines = [*examples.missing(settings.data), *overlap.missing(self.variant)]
        if (lacking := backbone.missing(self.backbone)) is not None:
            lines.append(lacking)
        return lines

    def fetch(self) -> None:
        """Download what can be downloaded."""
        settings = self.variant.settings
        examples.fetch(settings.data)
        overlap.fetch(self.variant)
        backbone.fetch(self.backbone)

    def find(self) -> Artefact | None:
        """The trained checkpoint where it is there."""
        return self.store.find(KIND, self.key)

    def run(self, device: str, report: Report) -> Artefact:
        """The trained checkpoint, trained first where it is missing; a training that was killed goes on.

        Raises TrainingError, ModelError, CollectionError.
        """
        if found := self.find():
            return found
        _check_installed()
        with _alone(self.work):
            self._train(device, report)
        shutil.rmtree(self.work)
        trained = self.find()
        assert trained is not None, "it has just been written"
        return trained

    def _train(self, device: str, report: Report) -> None:
        from sparsebench.training.trainer import train_encoder

        data = examples.read_examples(self.variant)
        data, dropped = overlap.without_test_queries(data, self.variant)
        watch = Stopwatch()
        with disk_errors(self.store.root), watch.stage("train"):
            trained = train_encoder(
                self.variant, data, backbone=self.backbone, work=self.work, device=device, report=report
            )
        facts: dict[str, Json] = {
            "label": self.variant.label,
            "examples": len(data),
            "dropped": dropped,
            "seconds": watch.seconds["train"],
            "hardware": hardware(device),
        }
        card = {"recipe": self.variant.settings.model_dump(mode="json"), "key": self.key, **self.identity}
        with self.store.writing(KIND, self.key, facts) as folder:
            trained.save(folder)
            (folder / CARD).write_text(json.dumps({**card, "software": software(), **facts}, indent=2) + "\n")


def _check_installed() -> None:
    if lacking := [name for name in NEEDS if find_spec(name) is None]:
        raise ModelError(f"training needs {', '.join(lacking)}; pip install 'sparsebench[train]'")


@contextmanager
def _alone(work: Path) -> Iterator[None]:
    """Two processes must not write the same checkpoints. The lock goes with its process, however that ends."""
    work.mkdir(parents=True, exist_ok=True)
    with (work / "lock").open("w") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise TrainingError(f"another process trains this already, in {work}") from None
        yield
