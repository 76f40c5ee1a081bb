"""A recipe: a YAML file that names one training, or a grid of them."""

from __future__ import annotations

import json
import os
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Literal

from annotated_types import Ge, Gt, Lt
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from sparsebench.config.fields import FileName, Name, Positive
from sparsebench.config.grid import grid_points
from sparsebench.config.include import read_with_includes
from sparsebench.config.mistakes import Mistakes, Position
from sparsebench.config.override import override
from sparsebench.config.tree import Node
from sparsebench.config.validation import explain
from sparsebench.training.check import check, check_labels
from sparsebench.training.paths import resolve_paths

PositiveNumber = Annotated[float, Gt(0)]
Number = Annotated[float, Ge(0)]
Count = Annotated[int, Ge(0)]

Loss = Literal["nll", "infonce", "margin_mse", "kl"]


class _Spec(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, strict=True, allow_inf_nan=False)


class Source(_Spec):
    """Source of examples, given by exactly one of `id`, `beir`, `triples`, `pairs`.

    id: an ir_datasets id; its docpairs where it has any, else its judgments. beir: a folder in BEIR's layout, its
    `split`. triples: lines `query<TAB>positive<TAB>negative`, with teacher scores of both documents as two more
    columns where there are any. pairs: lines of two or more texts, such as captions of one image; every two of a line
    are a query and its positive. relevant: the least grade of a positive. limit: only the first examples.
    name: what labels call it.
    """

    name: Name | None = None
    id: Name | None = None
    beir: Path | None = None
    split: Name = "train"
    triples: Path | None = None
    pairs: Path | None = None
    relevant: Positive = 1
    limit: Positive | None = None


class QuerySet(_Spec):
    """Queries of a test collection: an ir_datasets id, or a folder in BEIR's layout with its split."""

    id: Name | None = None
    beir: Path | None = None
    split: Name = "test"


class Settings(_Spec):
    """Settings that one training depends on; the defaults are [WW]'s (METHODS 1).

    backbone, revision: as `checkpoint` and `revision` of the model `splade`; an encoder without MLM head will do.
    from_scratch: random weights of the backbone's architecture, with its tokenizer.
    head: how a head that the backbone lacks begins: `identity` or seeded `random` weights; its last normalisation has
        the gain `head_scale`, without which the first losses are in the thousands, and its outputs the bias
        `head_bias`: below 0 few outputs are active at the start, as those of a trained head are, and a strong
        regulariser does not silence all of them before anything is learnt. fresh_head: even where it has one.
    loss: `nll` over a positive and its own negative, `infonce` over the batch's positives and the own negative,
        `margin_mse` and `kl` towards a teacher's scores.
    regulariser: `flops`, `l1`, or `df_flops`: on the document side FLOPS with a weight for each term that grows with
        its document frequency in the model's own encodings (METHODS 2.7), on the query side FLOPS.
    df_alpha, df_beta: share of the documents at which that weight is half, and how steep it is there.
    df_every: steps after which document frequencies are counted anew; before the first count it is FLOPS.
    lambda_q, lambda_d: weights of the regulariser; both are multiplied by `lambda_factor`, and reach that value after
        `lambda_steps` steps: min(1, s/T)^2.
    vocabulary: how many output dimensions are trained, the others never being active: the most frequent ones in the
        training documents or a random choice, drawn by `vocabulary_seed` (`seed`: a new draw for each training seed). A
        smaller choice is part of a larger one.
    length: tokens of a text, special ones included. precision: `bf16` is for GPUs.
    save_every: steps between two checkpoints from which a training that was killed goes on.
    test_sets: collections whose queries must not be trained on; null takes those of an included recipe away.
    overlap: whether training on one is refused, or those examples are dropped and counted.
    """

    name: FileName
    description: str = ""
    label: Name = Field(default_factory=lambda data: data["name"])
    backbone: Name
    revision: str | None = None
    from_scratch: bool = False
    head: Literal["identity", "random"] | None = None
    head_scale: PositiveNumber = 1.0
    head_bias: float = 0.0
    fresh_head: bool = False
    pooling: Literal["max", "sum", "cls"] = "max"
    loss: Loss
    regulariser: Literal["flops", "l1", "df_flops"] = "flops"
    df_alpha: Annotated[float, Gt(0), Lt(1)] = 0.1
    df_beta: PositiveNumber = 10.0
    df_every: Positive = 10
    lambda_q: Number = 3e-4
    lambda_d: Number = 1e-4
    lambda_factor: Number = 1.0
    lambda_steps: Positive = 50_000
    data: Source
    vocabulary: Literal["all"] | Positive = "all"
    vocabulary_order: Literal["frequency", "random"] = "frequency"
    vocabulary_seed: int | Literal["seed"] = 0
    steps: Positive = 150_000
    batch_size: Positive = 128
    learning_rate: PositiveNumber = 2e-5
    weight_decay: Number = 0.01
    warm_up: Count = 6_000
    length: Annotated[int, Ge(3)] = 256
    seed: Count = 0
    precision: Literal["float32", "bf16"] = "float32"
    save_every: Positive = 1_000
    test_sets: tuple[QuerySet, ...] | None = None
    overlap: Literal["refuse", "drop"] = "refuse"


@dataclass(frozen=True)
class Variant:
    """One training of a recipe, and where the file says so."""

    settings: Settings
    node: Node

    @property
    def label(self) -> str:
        """Name of the recipe in commands and suites."""
        return self.settings.label

    def place(self, *path: str) -> Position:
        """The place of a key, for messages."""
        return self.node.locate(path)


def load_recipe(
    path: Path, overrides: Iterable[str] = (), environ: Mapping[str, str] = os.environ
) -> tuple[Variant, ...]:
    """Read all trainings of a recipe file, in the order of its grid; `include:` names recipes that it changes.

    overrides: `steps=20`, as of `--set`. Raises SuiteError with one line for every mistake.
    """
    mistakes = Mistakes()
    tree = override(read_with_includes(path, environ, mistakes), overrides, mistakes)
    tree = resolve_paths(tree, environ, mistakes)
    variants = tuple(_variants(tree, mistakes))
    check_labels([(variant.label, variant.place("label")) for variant in variants], mistakes)
    mistakes.raise_if_any()
    return variants


def _variants(tree: Node, mistakes: Mistakes) -> Iterator[Variant]:
    for point in grid_points(tree, mistakes):
        check(point, mistakes)
        data = point.plain()
        try:
            # As JSON, so that validation can be strict and still take a list for a tuple and a text for a path.
            yield Variant(Settings.model_validate_json(json.dumps(data)), point)
        except ValidationError as error:
            for path, message in explain(error, Settings, data, noun="key"):
                mistakes.add(point.locate(path), message)
