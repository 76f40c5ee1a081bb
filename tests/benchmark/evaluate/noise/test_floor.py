from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Annotated, Literal

import numpy as np
import pytest

import toys
from sparsebench import Encoded, LoadedEncoder, ModelPlugin, Rounding, ScoredIds, Scorer, SparseEncoder, hookimpl
from sparsebench.errors import ModelError
from sparsebench.evaluate.group import Evaluation
from sparsebench.evaluate.noise import group_noise
from sparsebench.evaluate.noise.again import sampled
from sparsebench.progress import Silent
from sparsebench.provenance import Stopwatch
from sparsebench.records.noise import GroupNoise
from sparsebench.store import Store
from sparsebench.types import Json, Query, Ranking, Role

Engine = Annotated[Literal["auto", "exact", "sloppy", "elsewhere"], Rounding()]


class Loaded(toys.LoadedWords):
    """Words; a sloppy one takes `stone stone` for half a stone, so that d4 falls behind d3 for the query `stone`."""

    def __init__(self, engine: str) -> None:
        super().__init__(0.5)
        self.engine = engine

    def encode(self, texts: Sequence[str], role: Role) -> Encoded:
        vectors = super().encode(texts, role).vectors
        if self.engine == "sloppy":
            vectors.data[vectors.data == 2] = 0.5
        return Encoded(vectors)


class Planted(SparseEncoder):
    def __init__(self, *, engine: Engine = "auto") -> None:
        self.engine = "exact" if engine == "auto" else engine

    def identity(self, role: Role) -> Mapping[str, Json]:
        return {"engine": self.engine}

    def load(self, device: str) -> LoadedEncoder:
        if self.engine == "elsewhere":
            raise ModelError("no such engine here")
        return Loaded(self.engine)


class Given(Scorer):
    """One for all."""

    def identity(self) -> Mapping[str, Json]:
        return {}

    def score(self, queries: Sequence[Query], doc_ids: np.ndarray) -> ScoredIds:
        return ScoredIds(np.ones((len(queries), len(doc_ids)), dtype=np.float32))


class Plugin:
    @hookimpl
    def register_models(self) -> Iterable[ModelPlugin]:
        return [ModelPlugin("planted", Planted, "words, or nearly"), ModelPlugin("given", Given, "ones")]


@pytest.fixture
def collection(tmp_path: Path) -> Path:
    return toys.write_collection(tmp_path / "fruit")


def noise_of(model: str, collection: Path, tmp_path: Path, sample: int = 10) -> GroupNoise:
    found, store = toys.registry(Plugin()), Store(tmp_path / "store")
    suite = toys.write_suite(tmp_path / "toy.yaml", collection, f"models: [{model}]\n")
    (group,) = toys.plan_suite(suite, store, found).groups
    return group_noise(Evaluation(group, store, Silent(), Stopwatch()), found, store, sample)


def test_the_floor_is_the_most_that_any_variation_moves_a_mean(collection: Path, tmp_path: Path) -> None:
    """Of four queries one falls from rank 1 to rank 2."""
    noise = noise_of("planted", collection, tmp_path)
    assert noise.floors == pytest.approx({"nDCG@10": (1 - 1 / math.log2(3)) / 4, "RR@10": 0.125})
    changed = {each.variation: each for each in noise.changes if each.weight > 0}
    assert list(changed) == ["engine=sloppy"]
    sloppy = changed["engine=sloppy"]
    assert sloppy.means == pytest.approx({name: -floor for name, floor in noise.floors.items()})
    assert (sloppy.weight, sloppy.flips, sloppy.rankings) == (1.5, 0, 0.25)
    assert (noise.documents, noise.sampled, noise.queries) == (4, 4, 4)


def test_what_is_not_here_is_named_and_the_suites_own_way_is_not_tried_twice(collection: Path, tmp_path: Path) -> None:
    noise = noise_of("planted", collection, tmp_path)
    assert noise.left_out == {"engine=elsewhere": "no such engine here"}
    assert "engine=exact" not in {each.variation for each in noise.changes}
    told = noise_of("{name: planted, engine: sloppy}", collection, tmp_path)
    assert told.floors == pytest.approx(noise.floors)  # from the other side
    assert {each.variation for each in told.changes if each.weight > 0} == {"engine=auto", "engine=exact"}


def test_documents_outside_the_sample_keep_their_vectors(collection: Path, tmp_path: Path) -> None:
    noise = noise_of("planted", collection, tmp_path, sample=3)
    assert noise.sampled == 3
    assert noise.floors == {"nDCG@10": 0, "RR@10": 0}


def test_an_encoder_without_noise_has_a_floor_of_zero(collection: Path, tmp_path: Path) -> None:
    noise = noise_of("words", collection, tmp_path)
    assert noise.floors == {"nDCG@10": 0, "RR@10": 0}
    assert len(noise.changes) >= 4


def test_nothing_of_a_scorer_is_encoded_again(collection: Path, tmp_path: Path) -> None:
    noise = noise_of("given", collection, tmp_path)
    assert (noise.floors, noise.sampled, noise.changes) == ({"nDCG@10": 0, "RR@10": 0}, 0, ())


@pytest.mark.parametrize(
    ("size", "chosen"), [(1, [4]), (2, [2, 4]), (3, [1, 2, 4]), (4, [0, 1, 2, 4]), (9, [0, 1, 2, 3, 4, 5])]
)
def test_the_documents_that_queries_rank_highest_come_first_into_the_sample(size: int, chosen: list[int]) -> None:
    ranking = Ranking(np.array([[4, 2, 0], [2, 1, -1]]), np.zeros((2, 3)))
    assert sampled(ranking, 6, size).tolist() == chosen
