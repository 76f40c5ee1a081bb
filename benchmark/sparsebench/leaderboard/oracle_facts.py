"""Figures that others published, each file of `oracle_data/` with its source, lengths and known doubts."""

from __future__ import annotations

from functools import lru_cache
from importlib import resources

from pydantic import BaseModel, ConfigDict

from sparsebench.types import Json, Role


class _Facts(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class Effectiveness(_Facts):
    """Measures of one checkpoint on one collection. revision: None where the source names none."""

    checkpoint: str
    revision: str | None = None
    collection: str
    drop_own_id: bool
    documents: int
    queries: int
    doubt: str | None = None
    """Why those who published it doubt it."""
    measures: dict[str, float]


class EffectivenessSource(_Facts):
    """Source of published figures.

    ok, near: the largest differences of these verdicts; they say what this source's provenance allows.
    """

    source: str
    cite: str
    note: str
    ok: float
    near: float
    lengths: dict[Role, int]
    """Tokens at which queries and documents were cut."""
    facts: tuple[Effectiveness, ...]


class MacroSource(_Facts):
    """Means of nDCG@10 over the same collections, by checkpoint. Each is doubted: its papers differ in lengths."""

    source: str
    cite: str
    note: str
    ok: float
    near: float
    collections: tuple[str, ...]
    means: dict[str, float]


class Finding(_Facts):
    """Result of an analyzer for one checkpoint on any queries over one corpus, `collection` being the documents' id.

    analyzer, path: whose values it is among, and where. params, values: what else has to be the same in an analysis.
    """

    checkpoint: str
    revision: str | None = None
    collection: str
    documents: int
    analyzer: str
    params: dict[str, Json] = {}
    values: dict[str, Json] = {}
    path: str
    measure: str
    value: float
    two_sigma: float


class FindingsSource(_Facts):
    """Differences within two sigma are OK, within twice as much near. lengths: of the roles of which the source says
    where it cut texts."""

    source: str
    cite: str
    note: str
    lengths: dict[Role, int]
    facts: tuple[Finding, ...]


@lru_cache(maxsize=1)
def effectiveness() -> EffectivenessSource:
    """SPLADE-v3 and SPLADE++ on BEIR, BRIGHT, MS MARCO and TREC DL 2019 to 2023, by Anserini."""
    return EffectivenessSource.model_validate_json(_data("anserini_splade.json"))


@lru_cache(maxsize=1)
def effectiveness_sources() -> tuple[EffectivenessSource, ...]:
    """Everybody's figures of single collections: Anserini's, the papers', sentence-transformers'."""
    others = ("papers.json", "sentence_transformers.json")
    return (effectiveness(), *(EffectivenessSource.model_validate_json(_data(name)) for name in others))


@lru_cache(maxsize=1)
def beir13() -> MacroSource:
    """Means over 13 sets of BEIR, as sentence-transformers' table of pretrained sparse models has them."""
    return MacroSource.model_validate_json(_data("beir13.json"))


@lru_cache(maxsize=1)
def wackiness() -> FindingsSource:
    """W-AUC as its authors published it, of what has a public checkpoint (METHODS 2.4)."""
    return FindingsSource.model_validate_json(_data("wacky_weights.json"))


def _data(name: str) -> str:
    return (resources.files("sparsebench.leaderboard") / "oracle_data" / name).read_text(encoding="utf-8")
