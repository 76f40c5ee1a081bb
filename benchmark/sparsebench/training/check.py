"""Check what a recipe's schema cannot: keys that go together, losses that need more than the data hold."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from sparsebench.config.mistakes import Mistakes, Position
from sparsebench.config.tree import Node

SOURCES = ("id", "beir", "triples", "pairs")
NEEDS_NEGATIVES = ("nll", "margin_mse", "kl")
NEEDS_TEACHER = ("margin_mse", "kl")


def check(point: Node, mistakes: Mistakes) -> None:
    """Note every mistake of one training that concerns more than one key."""
    if data := point.entries.get("data"):
        _check_one_of(data, "a training set", SOURCES, mistakes)
        if "split" in data.entries and "beir" not in data.entries:
            mistakes.add(data.locate(("split",)), "'split' goes with `beir` alone")
        _check_loss(point, data, mistakes)
    for queries in point.entries["test_sets"].items if "test_sets" in point.entries else ():
        _check_one_of(queries, "a test set", ("id", "beir"), mistakes)


def check_labels(labels: Iterable[tuple[str, Position]], mistakes: Mistakes) -> None:
    """Labels name trainings, so they must differ."""
    seen: set[str] = set()
    for label, place in labels:
        if label in seen:
            mistakes.add(place, f"the training {label!r} is there twice; a value of its grid is repeated")
        seen.add(label)


def _check_one_of(node: Node, what: str, keys: tuple[str, ...], mistakes: Mistakes) -> None:
    if not isinstance(node.value, Mapping):
        return
    given = [key for key in keys if key in node.entries]
    if len(given) != 1:
        has = f"has {' and '.join(given)}" if given else "has none"
        mistakes.add(node.at, f"{what} has exactly one of the keys {', '.join(keys)}; this one {has}")


def _check_loss(point: Node, data: Node, mistakes: Mistakes) -> None:
    """Check a loss against its data before any file is read; a file of triples may still lack the teacher's columns."""
    loss = point.entries.get("loss")
    if loss is None:
        return
    place = point.locate(("loss",))
    if loss.value in NEEDS_NEGATIVES and (data.entries.keys() & {"pairs", "beir"}):
        mistakes.add(place, no_negatives(str(loss.value)))
    elif loss.value in NEEDS_TEACHER and "id" in data.entries:
        mistakes.add(place, no_teacher(str(loss.value)))


def no_negatives(loss: str) -> str:
    """Return the message on a loss that needs negatives over data that hold positives alone."""
    return (
        f"the loss {loss!r} needs a negative for every query, and the data have none; train with `loss: infonce`, "
        "whose negatives are the batch's other positives, or give `triples:` or an `id` with docpairs"
    )


def no_teacher(loss: str) -> str:
    """Return the message on a distillation without teacher."""
    return (
        f"the loss {loss!r} needs a teacher's scores, and the data have none; give `triples:` with five columns: "
        "query, positive, negative, score of the positive, score of the negative"
    )
