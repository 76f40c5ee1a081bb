"""Tuning, costs and provenance of a cell, as models that a type checker reads."""

from __future__ import annotations

from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, Field, model_validator

from sparsebench.disclosure.privacy import hidden
from sparsebench.types import Json

FROZEN = ConfigDict(frozen=True, extra="forbid", populate_by_name=True)
"""A part of a record has the keys that its class declares and no others."""


class Written(BaseModel):
    """Base of models written for others: no text holds a folder of this machine or a value of its environment."""

    model_config = FROZEN

    @model_validator(mode="before")
    @classmethod
    def _hide(cls, given: Json) -> Json:
        return hidden(given)


class Trial(Written):
    """One combination of parameters that tuning tried.

    Example: `Trial(parameters={"tau": 0.5}, value=0.31)`.
    """

    parameters: dict[str, Json]
    value: Annotated[float, Field(description="the measure on the development queries")]


class Tuning(Written):
    """Choice of parameters on development queries."""

    on: Annotated[str, Field(description="which queries: `dev`")]
    queries: Annotated[int, Field(description="how many")]
    measure: Annotated[str, Field(description="by what the best is chosen")]
    chosen: Annotated[dict[str, Json], Field(description="parameter -> value of the best combination")]
    tried: Annotated[tuple[Trial, ...], Field(description="every combination, in order; the first of the best wins")]


class Hardware(Written):
    """The machine, without its name."""

    cpu: str
    cores: int | None
    system: Annotated[str, Field(description="kernel and architecture")]
    device: Annotated[str, Field(description="`cpu`, or the accelerator's name")]
    fingerprint: Annotated[str, Field(description="equal where costs may be compared")]
    gpu: Annotated[dict[str, Json] | None, Field(description="what is known of the accelerator, if any")] = None


class Costs(Written):
    """Time and memory that a cell took; part of no key."""

    seconds: Annotated[dict[str, float], Field(description="stage -> s; from the store: what it cost when made")]
    peak_memory_mib: Annotated[dict[str, int], Field(description="stage -> the most memory of the process, MiB")]
    peak_gpu_memory_mib: Annotated[
        dict[str, int] | None, Field(description="the same of the GPU, where there is one")
    ] = None
    hardware: Hardware


class Git(Written):
    """The checkout that ran."""

    commit: str
    dirty: Annotated[bool, Field(description="whether the tree differed from its commit")]


class Software(Written):
    """Versions of everything that took part."""

    sparsebench: str
    python: str
    libraries: dict[str, str]
    git: Annotated[Git | None, Field(description="null for an installed wheel")] = None


class PluginFacts(Written):
    """Origin of a plugin."""

    distribution: str
    version: str
    module: str
    name: Annotated[str, Field(description="of its entry point, or of its file")]


class ModelFacts(Written):
    """The model behind the scores."""

    identity: Annotated[
        dict[str, Any], Field(description="by role: digests of weights and tokenizer files, lengths, pooling, ...")
    ]
    truncated: Annotated[dict[str, float] | None, Field(description="by role: share of texts cut")] = None
    encoder: Annotated[dict[str, Any] | None, Field(description="architecture, engine and workers")] = None
    search: Annotated[str | None, Field(description="what computed scores")] = None


class CollectionFacts(Written):
    """The documents that were ranked and the queries that were asked."""

    documents: int
    queries: Annotated[int, Field(description="tested")]
    digests: Annotated[dict[str, Json], Field(description="of corpus and tested queries; the own-id rule")]
    counts: Annotated[dict[str, Json], Field(description="what was left out or is empty")] = {}


class Provenance(Written):
    """Origin of a cell's figures. Of a failed cell only `software` and perhaps `traceback` are known."""

    software: Software | None = None
    plugins: Annotated[dict[str, PluginFacts], Field(description="model, postprocessor, collection, analyzers")] = {}
    model: ModelFacts | None = None
    collection: CollectionFacts | None = None
    postprocessing: Annotated[
        dict[str, Json], Field(description="resolved scale, fitting queries, dropped overlaps, the method's counts")
    ] = {}
    device: Annotated[str | None, Field(description="where vectors were made")] = None
    search_device: Annotated[str | None, Field(description="where scores were computed")] = None
    dtype: Annotated[str | None, Field(description="in what vectors were made")] = None
    measured_by: Annotated[str | None, Field(description="digest of the measuring code")] = None
    traceback: Annotated[str | None, Field(description="of a failure that is not the user's")] = None
