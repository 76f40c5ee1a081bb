"""The contract of a model that compares texts with clips or images: PairedEncoder."""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import get_args

import numpy as np

from sparsebench.contracts import EncodedFeatures, Features, LoadedPairedEncoder, PairedEncoder, Side
from sparsebench.errors import ModelError
from sparsebench.media import MediaItem
from sparsebench.testing.checks import Subject, require
from sparsebench.testing.common import close, same_json
from sparsebench.testing.isolation import no_network, no_torch
from sparsebench.testing.texts import QUERIES

TOLERANCE = 1e-5
"""Of the largest number: what float32 arithmetic may add up differently in another batch."""

TEXTS = [query.text for query in QUERIES]
PICTURES = 3


@dataclass(frozen=True)
class PairedSubject(Subject[PairedEncoder]):
    """A paired encoder, and how to get it loaded."""

    @cached_property
    def loaded(self) -> LoadedPairedEncoder:
        """One that the checks share."""
        return self.make().load("cpu")

    @cached_property
    def encoded(self) -> tuple[EncodedFeatures, EncodedFeatures]:
        """Return the features of the kit's texts and pictures."""
        with pictures() as items:
            return self.loaded.encode_texts(TEXTS), self.loaded.encode_items(items)


@contextmanager
def pictures() -> Iterator[list[MediaItem]]:
    """Three folders of frames: of one, two and three pictures of noise."""
    from PIL import Image

    with tempfile.TemporaryDirectory() as name:
        items = []
        for number in range(PICTURES):
            folder = Path(name, f"v{number}")
            folder.mkdir()
            for frame in range(number + 1):
                noise = np.random.default_rng([number, frame]).integers(0, 256, (40, 50, 3), dtype=np.uint8)
                Image.fromarray(noise).save(folder / f"{frame}.png")
            items.append(MediaItem(folder.name, "frames", folder))
        yield items


def features_count_what_was_asked(model: PairedSubject) -> None:
    """`encode_texts` and `encode_items` return arrays of finite numbers with a row for each text or item."""
    for side, encoded, rows in zip(get_args(Side), model.encoded, (len(TEXTS), PICTURES), strict=True):
        require(bool(encoded.features), f"{side}: no features")
        for name, array in encoded.features.items():
            require(array.shape[:1] == (rows,), f"{side}: {name!r} has the shape {array.shape} for {rows} rows")
            require(array.dtype.kind in "fiub" and bool(np.isfinite(array).all()), f"{side}: {name!r} is not finite")
        require(0 <= encoded.truncated <= rows, f"{side}: {encoded.truncated} of {rows} truncated")


def scores_are_of_every_pair(model: PairedSubject) -> None:
    """`score` returns finite floating-point scores (Q, V)."""
    texts, items = (encoded.features for encoded in model.encoded)
    scores = model.loaded.score(texts, items)
    require(scores.shape == (len(TEXTS), PICTURES), f"shape {scores.shape}, not ({len(TEXTS)}, {PICTURES})")
    require(scores.dtype.kind == "f" and bool(np.isfinite(scores).all()), f"{scores.dtype}, or not finite")


def a_pair_stands_alone(model: PairedSubject) -> None:
    """The score of a text and an item does not depend on what else is encoded or scored, but for rounding."""
    together = model.loaded.score(*(encoded.features for encoded in model.encoded))
    with pictures() as items:
        alone = np.block(
            [
                [
                    model.loaded.score(
                        model.loaded.encode_texts([text]).features, model.loaded.encode_items([item]).features
                    )
                    for item in items
                ]
                for text in TEXTS[:2]
            ]
        )
    close(alone, together[:2], tolerance=TOLERANCE, what="pair by pair")


def the_second_stage_is_there_where_it_is_declared(model: PairedSubject) -> None:
    """`rescore` gives a finite score for each pair, in any order, if `rescored` is a number; else it is an error."""
    texts, items = (encoded.features for encoded in model.encoded)
    pairs = np.array([(0, 0), (1, 2), (0, 1)])
    if model.make().rescored is None:
        try:
            model.loaded.rescore(texts, items, pairs)
        except ModelError:
            return
        require(False, "`rescore` answers, and `rescored` is None")
    found = model.loaded.rescore(texts, items, pairs)
    require(found.shape == (3,) and bool(np.isfinite(found).all()), f"shape {found.shape} of 3 pairs, or not finite")
    close(model.loaded.rescore(texts, items, pairs[::-1])[::-1], found, tolerance=TOLERANCE, what="pairs backwards")


def the_same_twice(model: PairedSubject) -> None:
    """Two of them give the same features, byte for byte."""
    again = model.make().load("cpu")
    with pictures() as items:
        pairs = zip(model.encoded, (again.encode_texts(TEXTS), again.encode_items(items)), strict=True)
    for first, second in pairs:
        require(_bytes(first.features) == _bytes(second.features), "features differ")


def its_sides_and_scoring_are_stable(model: PairedSubject) -> None:
    """`identity` of each side and `scoring` are JSON, the same from two objects, and need neither torch nor network."""
    with no_network(), no_torch():
        first, second = (
            {**{side: dict(made.identity(side)) for side in get_args(Side)}, "scoring": dict(made.scoring())}
            for made in (model.make(), model.make())
        )
    same_json(first, second, "identity")


def _bytes(features: Features) -> dict[str, bytes]:
    return {name: array.tobytes() for name, array in features.items()}


PAIRED_RULES: tuple[Callable[[PairedSubject], None], ...] = (
    its_sides_and_scoring_are_stable,
    features_count_what_was_asked,
    scores_are_of_every_pair,
    a_pair_stands_alone,
    the_second_stage_is_there_where_it_is_declared,
    the_same_twice,
)
