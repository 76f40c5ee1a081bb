"""Records of trained models with planted outcomes."""

from __future__ import annotations

from collections.abc import Callable, Mapping

import numpy as np

from sparsebench.contracts import SuiteContext
from sparsebench.records import CellDescription, Part, Record

DOMAINS = {"captions": "in", "law": "out", "news": "out"}
Plant = Callable[[int, int, str], dict]
"""level number, seed, collection -> the analyses of a record."""


def wacky(**areas: float | None) -> dict:
    """One analysis named `wackiness` with a W-AUC for each preset."""
    return {"wackiness": {preset: {"w_auc": area, "n": 300} for preset, area in areas.items()}}


def removed(beyond: float) -> dict:
    """A removal whose wackiest tokens are worth `beyond` more than matched ones."""
    return {
        "removal": {
            "measure": "nDCG@10",
            "arms": {"wackiest": {"statistic": beyond - 0.01}, "matched": {"statistic": -0.01}},
        }
    }


def noise(level: int, seed: int, collection: str) -> float:
    """A deviation that is the same in every run of the tests."""
    return float(np.random.default_rng([level, seed, len(collection)]).standard_normal())


def record(model: str, collection: str, analysis: Mapping[str, object]) -> Record:
    cell = CellDescription(
        collection=Part(
            name=collection, label=collection, params={"domain": DOMAINS[collection], "measures": ["nDCG@10"]}
        ),
        model=Part(name="splade", label=model, params={}),
        postprocessor=Part(name="none", label="none", params={}),
        candidates="retrieved",
        depth=10,
    )
    sparsity = {"sparsity": {"l0_query": 12.0, "l0_document": 50.0}}
    return Record(
        key=f"{model}{collection}", status="ok", cell=cell, measures={"nDCG@10": 0.5}, analysis={**sparsity, **analysis}
    )


def study(plant: Plant, levels: tuple[str, ...] = ("100", "20", "all"), seeds: int = 5) -> SuiteContext:
    """Trainings of a recipe `h1` that varies `width`, beside a model that was not trained."""
    found = [
        record(f"h1[width={level},seed={seed}]", collection, plant(number, seed, collection))
        for collection in reversed(DOMAINS)  # in-domain last: nothing hangs on the suite's order
        for number, level in enumerate(levels)
        for seed in range(seeds)
    ]
    untrained = [record("bm25", collection, {}) for collection in DOMAINS]
    return SuiteContext([*untrained, *found], lambda _: {}, ("bm25", "none"))
