"""Match published figures with records: the same checkpoint, collection, own-id rule and sizes."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import suppress

from sparsebench.contracts.display import Column
from sparsebench.leaderboard.oracle_facts import Effectiveness, Finding
from sparsebench.records import CollectionFacts, Record
from sparsebench.types import Role

# Anything set here makes another model of a checkpoint than the published one.
ALTERATIONS = ("query_checkpoint", "activation", "query_prune", "document_prune", "output_vocabulary")
_DOORS = ("splade", "sparse_encoder")  # plugins that encode one checkpoint
DROPPED_DOCUMENTS = 1e-3  # share of a corpus that an index may lack and still be of that corpus


def lengths(record: Record) -> dict[Role, int | None]:
    """Tokens at which a record's texts were cut (None: nowhere), of the roles of which it says so."""
    identity = record.provenance.model.identity if record.provenance.model else {}
    roles: tuple[Role, ...] = ("query", "document")
    sides = {role: identity.get(role) for role in roles}
    keyed = {role: side["length"] for role, side in sides.items() if isinstance(side, dict) and "length" in side}
    if record.cell.model.name != "splade":  # elsewhere None is whatever the folder says
        keyed = {role: length for role, length in keyed.items() if length is not None}
    said = record.cell.about_model.get("lengths") or {}
    return {**keyed, **{role: said[role] for role in roles if role in said}}


def is_plain(record: Record) -> bool:
    """Return whether a published figure could be of this cell: an unaltered SPLADE without postprocessing."""
    model = record.cell.model
    unaltered = not any(model.params.get(name) is not None for name in ALTERATIONS)
    return record.status == "ok" and record.cell.postprocessor.name == "none" and model.name in _DOORS and unaltered


def is_twin(record: Record, fact: Effectiveness) -> bool:
    """Return whether a record is of the same checkpoint, collection, own-id rule and sizes."""
    params, facts = record.cell.collection.params, record.provenance.collection
    return (
        _same_checkpoint(record, fact.checkpoint, fact.revision)
        and params.get("ir_datasets") == fact.collection
        and params["drop_own_id"] == fact.drop_own_id
        and facts is not None
        and facts.queries == fact.queries
        and _same_corpus(facts, fact.documents)
    )


def found_twins(record: Record, fact: Finding) -> Iterator[float]:
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
