"""Checkpoints that people evaluate: what their files do not say, how their authors run them, what they were trained on.

The data lies in `known.json`: facts, each with its source. Nothing here loads a checkpoint.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from importlib import resources
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field

from sparsebench.types import Json

Queries = Literal["model", "own tokens", "weights of tokens", "binary"]
"""What a query becomes: what the model expands it to; its own tokens with the model's weights; its own tokens with
weights that come with the checkpoint; its own tokens, 1 each."""


class _Facts(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class Family(_Facts):
    """Checkpoints of one shape. way: what loads them here, and what a suite has to say."""

    id: str
    examples: str
    shape: str
    vectors: str
    way: str


class Known(_Facts):
    """One repository of the hub.

    Example: `known_checkpoint("naver/splade-v3-doc").queries` is `binary`: nothing in its files says so.
    """

    repository: str
    family: str
    model: str
    """The plugin that loads it."""
    queries: Queries
    commit: Annotated[str, Field(pattern=r"^[0-9a-f]{40}$")] | None = None
    """A commit at which others evaluated it."""
    activation: Literal["relu", "log1p_relu"] | None = None
    """Where a plain folder does not say it."""
    lengths: tuple[int, int] | None = None
    """Tokens of a query and of a document, as its authors ran it."""
    prune: tuple[int, int] | None = None
    """Entries of a query and of a document that its authors keep."""
    document_prune_ratio: float | None = None
    partner: str | None = None
    """The repository of its query encoder."""
    parameters: Mapping[str, Json] = {}
    """What a suite has to say; null where the value is to be chosen."""
    trained_on: tuple[str, ...] | None = None
    """Collections, by the beginning of their ids in ir_datasets; None where nobody said."""
    terms: int | None = None
    """Dimensions of its vectors."""
    sources: Mapping[str, str]
    """Fact -> where it is from."""


class _Table(_Facts):
    families: tuple[Family, ...]
    checkpoints: tuple[Known, ...]


def known_checkpoint(repository: str) -> Known | None:
    """Find what is known of a repository of the hub; a folder of it is named after it."""
    name = "/".join(repository.split("/")[:2]).lower()
    return next((each for each in checkpoints() if each.repository.lower() == name), None)


def checkpoints() -> tuple[Known, ...]:
    """Return every known checkpoint."""
    return _table().checkpoints


def families() -> tuple[Family, ...]:
    """Return every known family, also those without a checkpoint of a name."""
    return _table().families


def as_authors_ran_it(facts: Known, use: Mapping[str, Any]) -> list[str]:
    """Say how a use differs from its authors'; nothing where it does not, as far as is known.

    use: `queries`; by role `lengths` (tokens or None), `prune` (entries, None for all) and `prune_ratio` (a share or
    None); and `altered`, names of parameters that make another model of it.
    """
    found = [f"{name} is set" for name in use["altered"]]
    if use["queries"] != facts.queries:
        found.append(f"queries are {_QUERIES[use['queries']]}, not {_QUERIES[facts.queries]}")
    if facts.lengths:
        found += _pairs("lengths", facts.lengths, use["lengths"])
    found += _pairs("prune", facts.prune or (None, None), use["prune"])
    ratios = {"query": None, "document": facts.document_prune_ratio}
    found += [
        f"{role}s are pruned at {share or 'no share'} of their largest entry, not {ratios[role] or 'at all'}"
        for role, share in use["prune_ratio"].items()
        if share != ratios[role]
    ]
    return found


_QUERIES: Mapping[str, str] = {
    "model": "expanded by the model",
    "own tokens": "their own tokens with the model's weights",
    "weights of tokens": "their own tokens with weights of the checkpoint",
    "binary": "their own tokens, 1 each",
    "idf": "their own tokens with idf of the corpus",
}
_UNITS = {"lengths": ("are cut at", "tokens"), "prune": ("keep", "entries")}


def _pairs(name: str, own: tuple[int | None, int | None], used: Mapping[str, int | None]) -> list[str]:
    verb, unit = _UNITS[name]
    wanted = dict(zip(("query", "document"), own, strict=True))
    plural = {"query": "queries", "document": "documents"}
    return [
        f"{plural[role]} {verb} {number or 'all'} {unit}, not {wanted[role] or 'all'}"
        for role, number in used.items()
        if number != wanted[role] and not (name == "lengths" and number is None)
    ]


def is_zero_shot(trained_on: tuple[str, ...] | None, collection: str | None, label: str) -> bool | None:
    """Return whether a model was trained on nothing of a collection; None where it is not known what it was trained on.

    collection: its id in ir_datasets, None where it has none. A name covers the ids that begin with it, and the
    collections that go by another id (`_ALSO`).

    Example: trained on `msmarco-passage`, `beir/msmarco` and `msmarco-passage/trec-dl-2019` are not zero-shot.
    """
    if trained_on is None:
        return None
    names = {name for given in trained_on for name in (given, *_ALSO.get(given, ()))}
    return not any(label == name or _covers(name, collection or "") for name in names)


def _covers(name: str, collection: str) -> bool:
    return f"{collection}/".startswith(f"{name.removesuffix('/')}/")


_ALSO: Mapping[str, tuple[str, ...]] = {
    "msmarco-passage": ("beir/msmarco", "nano-beir/msmarco", "msmarco-passage-v2"),
    "beir/msmarco": ("msmarco-passage", "nano-beir/msmarco"),
    "beir/nq": ("nano-beir/nq", "natural-questions", "dpr-w100/natural-questions"),
    **{
        f"beir/{name}": (f"nano-beir/{name}",)
        for name in ("arguana", "climate-fever", "fever", "fiqa", "hotpotqa", "nfcorpus", "quora", "scidocs", "scifact")
    },
}


@cache
def _table() -> _Table:
    text = (resources.files("sparsebench.checkpoints") / "known.json").read_text(encoding="utf-8")
    return _Table.model_validate_json(text)
