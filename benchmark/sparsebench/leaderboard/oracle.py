"""The reproduction oracle: figures that others published, and how far a board is from them.

A twin of a cell is a published figure of the same checkpoint, collection id, measure and own-id rule, over as many
queries and (but for the few that an index may drop) documents. A folder or a file of texts has no id that others know,
so a pooled sub-collection never has a twin. The data lies in `oracle_data/`: facts, each file with its source.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass
from functools import lru_cache
from importlib import resources
from typing import Literal

from pydantic import BaseModel, ConfigDict

from sparsebench.contracts.display import Column
from sparsebench.leaderboard.board import Board
from sparsebench.leaderboard.oracle_video import text_video, video_twins
from sparsebench.records import CollectionFacts, Record
from sparsebench.types import Json, Role

Verdict = Literal["OK", "near", "other length", "doubted", "FAIL"]
"""`other length`: texts were cut elsewhere than where the figure was made, so neither says anything of the other.
`doubted`: too far from a figure that those who published it doubt themselves."""

# Anything set here makes another model of a checkpoint than the published one.
ALTERATIONS = ("query_checkpoint", "activation", "query_prune", "document_prune", "output_vocabulary")
DROPPED_DOCUMENTS = 1e-3  # share of a corpus that an index may lack and still be of that corpus
ROUNDING = 5e-5  # published figures have four decimals at most


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
    """Differences within two sigma are OK, within twice as much near."""

    source: str
    cite: str
    note: str
    facts: tuple[Finding, ...]


@dataclass(frozen=True)
class Stamp:
    """A figure of a board beside its twin. difference: found - published."""

    model: str
    postprocessor: str
    collection: str
    measure: str
    found: float
    published: float
    verdict: Verdict
    source: str
    note: str

    @property
    def difference(self) -> float:
        """Found minus published."""
        return self.found - self.published

    def __str__(self) -> str:
        what = f"{self.measure} of {self.model} on {self.collection}"
        return (
            f"{self.verdict}: {what}: {self.found:.4f}, published {self.published:.4f} ({self.difference:+.4f}; "
            f"{self.source}: {self.note})"
        )


def stamps(board: Board) -> tuple[Stamp, ...]:
    """A stamp for every figure of the board that has a twin, row by row."""
    sparse = (stamp for record in board.records if _is_plain(record) for stamp in _stamps(record))
    return (*sparse, *_macro(board), *(stamp for record in board.records for stamp in _of_videos(record)))


def _of_videos(record: Record) -> Iterator[Stamp]:
    cell = record.cell
    names = (cell.model.label, cell.postprocessor.label, cell.collection.label)
    for twin in video_twins(record):
        yield Stamp(*names, twin.measure, twin.found, twin.published, twin.verdict, twin.row.source, text_video().note)


def _macro(board: Board) -> Iterator[Stamp]:
    """The mean over all collections of a row of BEIR-13, where a board has every one of them."""
    source = beir13()
    for row in board.rows:
        found = {record.cell.collection.params.get("ir_datasets"): record for record in row.records.values()}
        records = [found[name] for name in source.collections if name in found]
        values = [record.measures["nDCG@10"] for record in records if "nDCG@10" in record.measures]
        checkpoint = records[0].cell.model.params.get("checkpoint") if records else None
        published = source.means.get(checkpoint or "")
        if published is None or len(values) < len(source.collections) or row.postprocessor != "none":
            continue
        mean = sum(values) / len(values)
        verdict = _verdict(abs(mean - published), source.ok, source.near)
        said: Verdict = "doubted" if verdict == "FAIL" else verdict
        names = (row.model, row.postprocessor, "the 13 sets of BEIR")
        yield Stamp(*names, "mean nDCG@10", mean, published, said, source.source, source.note)


def _stamps(record: Record) -> Iterator[Stamp]:
    for source in effectiveness_sources():
        for fact in source.facts:
            if _is_twin(record, fact):
                for measure in [name for name in record.measures if name in fact.measures]:
                    found, published = record.measures[measure], fact.measures[measure]
                    verdict = _held(record, abs(found - published), source, fact)
                    yield _stamp(record, measure, found, published, verdict, source)
    findings = wackiness()
    for known in findings.facts:
        for value in _found_twins(record, known):
            verdict = _verdict(abs(value - known.value), known.two_sigma, 2 * known.two_sigma)
            yield _stamp(record, known.measure, value, known.value, verdict, findings)


def _held(record: Record, distance: float, source: EffectivenessSource, fact: Effectiveness) -> Verdict:
    """The verdict where texts were cut alike; no correct run fails a figure of other lengths, or a doubted one."""
    if any(length != source.lengths[role] for role, length in _lengths(record).items()):
        return "other length"
    verdict = _verdict(distance, source.ok, source.near)
    return "doubted" if verdict == "FAIL" and fact.doubt else verdict


def _lengths(record: Record) -> dict[Role, int | None]:
    """Tokens at which a record's texts were cut, of the roles of which it says so."""
    identity = record.provenance.model.identity if record.provenance.model else {}
    roles: tuple[Role, ...] = ("query", "document")
    said = {role: record.cell.about_model.get("lengths", {}).get(role) for role in roles}
    sides = {role: identity.get(role) for role in roles}
    kept = {role: side.get("length") for role, side in sides.items() if isinstance(side, dict)}
    return {role: found for role in roles if (found := said[role] or kept.get(role)) is not None}


def _is_plain(record: Record) -> bool:
    """Return whether a published figure could be of this cell: an unaltered SPLADE without postprocessing."""
    model = record.cell.model
    unaltered = not any(model.params.get(name) is not None for name in ALTERATIONS)
    return record.status == "ok" and record.cell.postprocessor.name == "none" and model.name == "splade" and unaltered


def _is_twin(record: Record, fact: Effectiveness) -> bool:
    params, facts = record.cell.collection.params, record.provenance.collection
    return (
        _same_checkpoint(record, fact.checkpoint, fact.revision)
        and params.get("ir_datasets") == fact.collection
        and params["drop_own_id"] == fact.drop_own_id
        and facts is not None
        and facts.queries == fact.queries
        and _same_corpus(facts, fact.documents)
    )


def _found_twins(record: Record, fact: Finding) -> Iterator[float]:
    """The values of those analyses that did what the published one did."""
    id_ = record.cell.collection.params.get("ir_datasets") or ""
    if not (
        _same_checkpoint(record, fact.checkpoint, fact.revision)
        and f"{id_}/".startswith(f"{fact.collection}/")
        and _same_corpus(record.provenance.collection, fact.documents)
    ):
        return
    column = Column(fact.measure, fact.path)
    for found in record.analyses_by(fact.analyzer).values():
        # Records of schema 1 do not say with which parameters.
        params = found.get("analyzer", {}).get("params", fact.params)
        if not (_holds(params, fact.params) and _holds(found, fact.values)):
            continue
        with suppress(KeyError):
            value = column.read(found)
            if isinstance(value, float):
                yield value


def _holds(found: Mapping[str, object], expected: Mapping[str, object]) -> bool:
    return all(found.get(name) == value for name, value in expected.items())


def _same_checkpoint(record: Record, checkpoint: str, revision: str | None) -> bool:
    params = record.cell.model.params
    pooling = params.get("pooling") in (None, "max")
    return pooling and params.get("checkpoint") == checkpoint and revision in (None, params.get("revision"))


def _same_corpus(facts: CollectionFacts | None, documents: int) -> bool:
    return facts is not None and abs(facts.documents - documents) <= DROPPED_DOCUMENTS * documents


def _verdict(distance: float, ok: float, near: float) -> Verdict:
    return "OK" if distance <= ok + ROUNDING else "near" if distance <= near + ROUNDING else "FAIL"


def _stamp(
    record: Record,
    measure: str,
    found: float,
    published: float,
    verdict: Verdict,
    source: EffectivenessSource | FindingsSource,
) -> Stamp:
    cell = record.cell
    names = (cell.model.label, cell.postprocessor.label, cell.collection.label)
    return Stamp(*names, measure, found, published, verdict, source.source, source.note)


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
