"""What a suite says once it is read: frozen, complete, every default filled in."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any, Literal

from annotated_types import Gt, Lt, MinLen
from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, StringConstraints
from pydantic_core import PydanticCustomError

from benchmark.plugin_hooks import Kind
from benchmark.types import Candidates, Domain, Json

Name = Annotated[str, StringConstraints(min_length=1)]
FileName = Annotated[str, StringConstraints(pattern=r"^\w[\w.-]*$")]
Positive = Annotated[int, Gt(0)]

DEFAULT_MEASURES = ("nDCG@10", "RR@10", "R@100")
DEFAULT_DEPTH = 1000


class _Spec(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, strict=True, allow_inf_nan=False)


class BankSource(_Spec):
    """Other queries, by exactly one of: an id, a folder in BEIR's layout with its split, a split of the collection
    itself (`hash`: the development queries that are carved out of it), a file.

    gallery: whether the documents of that id or folder come along, for methods that learn from them too, and for
    `dev: {split: bank}`.
    """

    id: str | None = None
    beir: Path | None = None
    split: str | None = None
    queries_tsv: Path | None = None
    gallery: bool = False


class DevSource(_Spec):
    """Queries with judgments for tuning: an id, a split, (`split: hash`) a share of the collection's own queries,
    which then are not tested on, or (`split: bank`) the bank's queries, ranked over the bank's own gallery."""

    id: str | None = None
    split: str | None = None
    share: Annotated[float, Gt(0), Lt(1)] = 0.2
    seed: int = 0


def _default_split(collection: Mapping[str, Any]) -> str | None:
    return "test" if collection["beir"] else None  # as BEIR's own loader does


def _default_name(collection: Mapping[str, Any]) -> str:
    source = collection["id"] or (collection["beir"] or collection["docs_tsv"] or Path("collection")).stem
    return "/".join(filter(None, (source, collection["split"])))


class CollectionSpec(_Spec):
    """A test collection: an ir_datasets or plugin's `id`, a folder in BEIR's layout, or TSV files.

    measures, where given, take the place of the suite's. drop_own_id: whether a hit on the query's own id is dropped.
    """

    id: str | None = None
    beir: Path | None = None
    docs_tsv: Path | None = None
    queries_tsv: Path | None = None
    qrels: Path | None = None
    split: str | None = Field(default_factory=_default_split)
    name: Name = Field(default_factory=_default_name)
    domain: Domain
    bank: BankSource | None = None
    dev: DevSource | None = None
    measures: Annotated[tuple[str, ...], MinLen(1)] | None = None
    drop_own_id: bool = False

    @property
    def label(self) -> str:
        """What tables call it."""
        return self.name


class PluginSpec(_Spec):
    """What every entry that names a plugin has. label: the name where the suite gives none."""

    name: Name
    label: Name = Field(default_factory=lambda data: data["name"])
    params: Mapping[str, Any] = Field(default_factory=dict)


class ModelSpec(PluginSpec):
    """A model by its plugin's name; `params` are complete."""


def _refuse_test_queries(value: Json) -> Json:
    if value == "test":
        raise PydanticCustomError(
            "tuning_on_test",
            "tuning on test queries is not allowed: the best of several tries would be reported as one. Use `on: dev`",
        )
    return value


class Tuning(_Spec):
    """Values to try, for each parameter; the best by `measure` on the collection's dev queries is used."""

    parameters: Annotated[Mapping[str, Annotated[tuple[Json, ...], MinLen(1)]], MinLen(1)]
    on: Annotated[Literal["dev"], BeforeValidator(_refuse_test_queries)] = "dev"
    measure: str = "nDCG@10"


class BankSample(_Spec):
    """How many of the bank's queries are used, and the seed that chooses them."""

    size: Positive
    seed: int = 0


class PostprocessorSpec(PluginSpec):
    """A postprocessor by its plugin's name; `params` are complete but for those that `tune` chooses.

    candidates: None for the suite's own, and where it has none, for what suits the kind of model.
    """

    candidates: Candidates | None = None
    scale: Literal["median_top1", "none"] | Annotated[float, Gt(0)] = "median_top1"
    tune: Tuning | None = None
    bank: BankSample | None = None


class AnalyzerSpec(PluginSpec):
    """An analyzer by its plugin's name; `params` are complete."""


class Baseline(_Spec):
    """Labels of what others are compared with."""

    model: str
    postprocessor: str


class Suite(_Spec):
    """Everything that one `sparsebench run` does."""

    name: FileName
    description: str = ""
    measures: Annotated[tuple[str, ...], MinLen(1)] = DEFAULT_MEASURES
    depth: Positive = DEFAULT_DEPTH
    candidates: Candidates | None = None
    baseline: Baseline
    requires: tuple[str, ...] = ()
    collections: Annotated[tuple[CollectionSpec, ...], MinLen(1)]
    models: Annotated[tuple[ModelSpec, ...], MinLen(1)]
    postprocessors: Annotated[tuple[PostprocessorSpec, ...], MinLen(1)] = (PostprocessorSpec(name="none"),)
    analyzers: tuple[AnalyzerSpec, ...] = ()


PLUGIN_SPECS: Mapping[Kind, type[PluginSpec]] = {
    "models": ModelSpec,
    "postprocessors": PostprocessorSpec,
    "analyzers": AnalyzerSpec,
}
