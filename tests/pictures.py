"""A toy set of pictures with captions, and a toy model that compares colours."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar

import numpy as np

from sparsebench import EncodedFeatures, Features, Json, LoadedPairedEncoder, ModelPlugin, PairedEncoder, Side, hookimpl
from sparsebench.media import MediaItem, chosen_frames

COLOURS = {"red": (255, 0, 0), "green": (0, 255, 0), "blue": (0, 0, 255), "white": (255, 255, 255)}
TRAIN = {"pink": (255, 150, 150), "cyan": (0, 255, 255), "gold": (255, 215, 0)}


def write_pictures(folder: Path) -> Path:
    """A picture for each colour, and captions.csv: two captions of each in the test split, one in the other."""
    from PIL import Image

    folder.mkdir(parents=True, exist_ok=True)
    lines = ["video,caption,split"]
    for name, colour in {**COLOURS, **TRAIN}.items():
        Image.fromarray(np.full((8, 8, 3), colour, dtype=np.uint8)).save(folder / f"{name}.png")
        lines += (
            [f"{name},all {name},test", f"{name},{name} it is,test"] if name in COLOURS else [f"{name},a {name},train"]
        )
    (folder / "captions.csv").write_text("\n".join(lines) + "\n", encoding="utf-8")
    return folder


class LoadedColours(LoadedPairedEncoder):
    """Counts what it encodes. dark: what becomes of black."""

    texts: ClassVar[list[str]] = []
    items: ClassVar[list[str]] = []
    pairs: ClassVar[int] = 0
    rescored: ClassVar[int] = 0
    broken_item: ClassVar[str] = ""

    def encode_texts(self, texts: Sequence[str]) -> EncodedFeatures:
        LoadedColours.texts += texts
        known = {**COLOURS, **TRAIN}
        found = [[known[word] for word in text.split() if word in known] for text in texts]
        vectors = np.array([np.mean(colours or [(0, 0, 0)], axis=0) for colours in found], dtype=np.float32)
        return EncodedFeatures({"colour": vectors.reshape(-1, 3)}, sum(len(text.split()) > 2 for text in texts))

    def encode_items(self, items: Sequence[MediaItem]) -> EncodedFeatures:
        if self.broken_item in [item.item_id for item in items]:
            raise RuntimeError("the power went out")
        LoadedColours.items += [item.item_id for item in items]
        frames = [np.mean([image.mean((0, 1)) for image in chosen_frames(item, _all)], axis=0) for item in items]
        return EncodedFeatures({"colour": np.array(frames, dtype=np.float32)})

    def score(self, texts: Features, items: Features) -> np.ndarray:
        LoadedColours.pairs += len(texts["colour"]) * len(items["colour"])
        with np.errstate(invalid="ignore"):
            first, second = (_unit(side["colour"]) for side in (texts, items))
        scores: np.ndarray = first @ second.T
        return scores

    def rescore(self, texts: Features, items: Features, pairs: np.ndarray) -> np.ndarray:
        LoadedColours.rescored += len(pairs)
        scores: np.ndarray = -np.abs(texts["colour"][pairs[:, 0]] - items["colour"][pairs[:, 1]]).sum(axis=1)
        return scores


@dataclass(frozen=True, kw_only=True)
class Colours(PairedEncoder):
    """Cosines of mean colours. best: how many are compared again; keep: whether scores are kept."""

    best: int | None = None
    """How many candidates are compared once more, by distance."""
    keep: bool = False
    """Whether scores are kept in the store."""

    @property
    def rescored(self) -> int | None:
        return self.best

    @property
    def keeps_scores(self) -> bool:
        return self.keep

    def identity(self, side: Side) -> Mapping[str, Json]:
        return {"side": side}

    def scoring(self) -> Mapping[str, Json]:
        return {"best": self.best}

    def load(self, device: str) -> LoadedColours:
        return LoadedColours()


class ColoursPlugin:
    @hookimpl
    def register_models(self) -> Iterable[ModelPlugin]:
        return [ModelPlugin("colours", Colours, "cosines of mean colours")]


def _all(timeline: object) -> range:
    return range(timeline.frames)  # type: ignore[attr-defined]


def _unit(vectors: np.ndarray) -> np.ndarray:
    unit: np.ndarray = vectors / np.linalg.norm(vectors, axis=1, keepdims=True)
    return unit
