"""Schema of a suite once it is read: frozen, complete, every default filled in."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any, Literal

from annotated_types import Gt, Le, Lt, MinLen
from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field
from pydantic_core import PydanticCustomError

from sparsebench.config.fields import FileName, Name, Positive
from sparsebench.registry.hooks import Kind
from sparsebench.types import Candidates, Domain, Json

DEFAULT_MEASURES = ("nDCG@10", "RR@10", "R@100")
DEFAULT_DEPTH = 1000
MOST_DEPTH = 1_000_000_000


class _Spec(BaseModel):
    model_config = ConfigDict(
        extra="forbid", frozen=True, strict=True, allow_inf_nan=False, use_attribute_docstrings=True
    )


class Columns(_Spec):
    """Columns of a csv file with a header, in the place of `id<TAB>text` lines."""

    id: str
    """The column of ids. An id may stand on several lines; with one text, or none, it is taken once."""
    text: str | None = None
    """The column of texts; none where there are none, as of videos."""


class BankSource(_Spec):
    """Other queries over the same documents, by exactly one of `id`, `beir`, `split` alone, `queries_tsv`."""

    id: str | None = None
    """An ir_datasets or plugin's id."""
    beir: Path | None = None
    """A folder in BEIR's layout; `split` says which of its queries."""
    split: str | None = None
    """A split of the collection itself; `hash`: the development queries that are carved out of it."""
    queries_tsv: Path | None = None
    """A file of `id<TAB>text` lines, or of ids alone."""
    queries_columns: Columns | None = None
    """Which columns of it, where it is a csv file."""
    gallery: bool = False
    """Whether the documents of that id or folder come along: some methods learn from them, `dev: {split: bank}` ranks
    them."""


class DevSource(_Spec):
    """Queries with judgments for tuning, by `id` or by `split`."""

    id: str | None = None
    """An ir_datasets or plugin's id."""
    split: str | None = None
    """A split of the collection; `hash`: a share of its own queries, which then are not tested on; `bank`: the bank's
    queries, ranked over the bank's own gallery."""
    share: Annotated[float, Gt(0), Lt(1)] = 0.2
    """Of the queries, for `split: hash`."""
    seed: int = 0
    """Chooses them."""


def _refuse_twice(names: tuple[str, ...]) -> tuple[str, ...]:
    for position, name in enumerate(names):
        if name in names[:position]:
            raise PydanticCustomError("twice", "{name} is there twice", {"name": repr(name)})
    return names


def _default_split(collection: Mapping[str, Any]) -> str | None:
    return "test" if collection["beir"] else None  # as BEIR's own loader does


def _default_name(collection: Mapping[str, Any]) -> str:
    source = collection["id"] or (collection["beir"] or collection["docs_tsv"] or Path("collection")).stem
    return "/".join(filter(None, (source, collection["split"], "groups" if collection["document_groups"] else None)))


class CollectionSpec(_Spec):
    """A test collection: an ir_datasets or plugin's `id`, a folder in BEIR's layout, or TSV files."""

    id: str | None = None
    """An ir_datasets id, or a collection that a plugin carries."""
    beir: Path | None = None
    """A folder in BEIR's layout; `${VARIABLE}` stands for a variable of the environment."""
    docs_tsv: Path | None = None
    """A file of `id<TAB>text` lines, or of ids alone where documents have no text, as videos. It has no header and no
    column for titles: a title goes before its text. A folder in BEIR's layout keeps titles apart."""
    docs_columns: Columns | None = None
    """Which columns of it, where it is a csv file: `{id: COLUMN, text: COLUMN}`."""
    queries_tsv: Path | None = None
    """A file of `id<TAB>text` lines, or of ids alone."""
    queries_columns: Columns | None = None
    """Which columns of it, where it is a csv file."""
    qrels: Path | None = None
    """Judgments as TREC writes them. `diagonal`: line by line, what `queries_tsv` names is answered by what `docs_tsv`
    names."""
    media: Path | None = None
    """Where clips or images lie, for collections whose documents or queries are looked at: a folder of videos, images
    or folders of frames named by id, or one file of features of frames with masks."""
    document_groups: Path | None = None
    """A file of `doc_id<TAB>group` lines, where several documents are one answer, as the captions of a video are: a
    group's score is its best member's, runs list groups, and ranks are among groups. `source`: the groups that a
    plugin's collection knows by itself."""
    split: str | None = Field(default_factory=_default_split)
    """Which queries are tested; `test` in a folder in BEIR's layout."""
    name: Name = Field(default_factory=_default_name)
    """What tables call it; by default the id, or the folder's or file's name, and the split."""
    domain: Domain = "unknown"
    """Whether the models were trained on its like: means are taken of `in` and of `out`, none of `unknown`."""
    bank: BankSource | None = None
    """Other queries, to fit postprocessors on."""
    dev: DevSource | None = None
    """Judged queries, to tune on."""
    measures: Annotated[tuple[str, ...], MinLen(1), AfterValidator(_refuse_twice)] | None = None
    """In the place of the suite's."""
    drop_own_id: bool = False
    """Whether a hit on the query's own id is dropped."""
    params: Mapping[str, Any] = Field(default_factory=dict)

    @property
    def label(self) -> str:
        """Name of the entry in tables."""
        return self.name


class PluginSpec(_Spec):
    """Keys shared by every entry that names a plugin."""

    name: Name
    """The plugin's."""
    # pydantic 2.12 asks for it where the name itself was refused.
    label: Name = Field(default_factory=lambda data: data.get("name", ""))
    """What tables call it; by default the name."""
    params: Mapping[str, Any] = Field(default_factory=dict)


class ModelSpec(PluginSpec):
    """A model by its plugin's name; `params` are complete."""

    trained_on: tuple[str, ...] | None = None
    """Collections that it was trained on, by the beginning of their ids in ir_datasets or by their name here; for
    checkpoints that are known, what their authors say. A board marks what is not zero-shot."""


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
    """A random sample of the bank's queries: its size, and the seed that chooses them."""

    size: Positive
    """How many."""
    seed: int = 0
    """Chooses them."""


class PostprocessorSpec(PluginSpec):
    """A postprocessor by its plugin's name; `params` are complete but for those that `tune` chooses."""

    candidates: Candidates | None = None
    """Which documents may be ranked; by default as in the suite."""
    scale: Literal["median_top1", "none"] | Annotated[float, Gt(0)] = "median_top1"
    """What scores are divided by first: the fitting queries' median best score, nothing, or a number."""
    tune: Tuning | None = None
    """Values to try, a list for each parameter; `on: dev` queries, by `measure` (nDCG@10). The best is used."""
    bank: BankSample | None = None
    """A sample of the bank in its place."""


class AnalyzerSpec(PluginSpec):
    """An analyzer by its plugin's name; `params` are complete."""


class Baseline(_Spec):
    """Labels of what others are compared with."""

    model: str
    """Its label; by default the first model's."""
    postprocessor: str
    """Its label; by default `none`, where there is one, else the first."""


class Suite(_Spec):
    """Suite: everything that one `sparsebench run` does."""

    name: FileName
    """Of its folder of runs and of its leaderboard."""
    description: str = ""
    """Stands above the leaderboard."""
    measures: Annotated[tuple[str, ...], MinLen(1), AfterValidator(_refuse_twice)] = DEFAULT_MEASURES
    """ir_measures' names, and `MnR`, `MdR`; the first is what is tested and compared. `R@k` is recall: the share of a
    query's right answers among the first k. Where a query has many, text-video papers call R@k what is `Success@k`
    here: whether any is among them."""
    depth: Annotated[int, Gt(0), Le(MOST_DEPTH)] = DEFAULT_DEPTH
    """Length of a run; at least the deepest cutoff of a measure."""
    candidates: Candidates | None = None
    """Which documents may be ranked: those with a score, or all; by default what suits the kind of model."""
    baseline: Baseline
    """What the other rows are compared with."""
    requires: tuple[str, ...] = ()
    """Distributions, with versions where needed, that bring the plugins."""
    collections: Annotated[tuple[CollectionSpec, ...], MinLen(1)]
    """Where it is tested."""
    models: Annotated[tuple[ModelSpec, ...], MinLen(1)]
    """What is tested: names of plugins, or mappings with a name and its parameters."""
    postprocessors: Annotated[tuple[PostprocessorSpec, ...], MinLen(1)] = (PostprocessorSpec(name="none"),)
    """What is done with the scores of each model; by default nothing (`none`)."""
    analyzers: tuple[AnalyzerSpec, ...] = ()
    """What else is looked at."""


PLUGIN_SPECS: Mapping[Kind, type[PluginSpec]] = {
    "models": ModelSpec,
    "postprocessors": PostprocessorSpec,
    "analyzers": AnalyzerSpec,
}
