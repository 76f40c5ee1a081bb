"""The artefacts that the documents of a group become in the store, by the form of its model."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from sparsebench.contracts import LoadedEncoder, LoadedPairedEncoder
from sparsebench.encoding.features import KIND as FEATURES
from sparsebench.encoding.features import PairedSide
from sparsebench.encoding.stored import Encoder, document_shards, pace
from sparsebench.planning.plan import Group
from sparsebench.store import Store


@dataclass(frozen=True)
class DocumentShards:
    """Shards of a group's documents.

    kind: of the artefacts. pace: what decides how long one takes to make. keys: rows -> key.
    """

    kind: str
    pace: str
    keys: Mapping[range, str]


def document_shards_of(group: Group) -> DocumentShards | None:
    """Name them; None for a model that encodes nothing."""
    kind = group.model.model.stored_as
    if kind is None:
        return None
    if kind == FEATURES:
        return _of_pairs(group)
    encoder = Encoder(group.vector_identity("document"), "document", never)
    own = pace(group.identities["document"])
    return DocumentShards(kind, own, document_shards(encoder, group.collection.corpus))


def missing_documents(group: Group, store: Store) -> int:
    """Return how many documents of the group have no vectors or features yet."""
    shards = document_shards_of(group)
    if shards is None:
        return 0
    return sum(len(rows) for rows, key in shards.keys.items() if not store.holds(shards.kind, key))


def _of_pairs(group: Group) -> DocumentShards:
    side = PairedSide(group.side_identity("item"), "item", never_paired)
    if (looked_at := group.collection.items_ranked) is not None:
        shards = side.shards_of_items(looked_at.items)
    else:
        side = PairedSide(group.side_identity("text"), "text", never_paired)
        shards = side.shards_of_texts([document.text for document in group.collection.source.documents()])
    return DocumentShards(FEATURES, side.pace, {shard.rows: shard.key for shard in shards})


def never() -> LoadedEncoder:
    """Fail in place of loading an encoder, where keys alone are asked for."""
    raise AssertionError("a plan loads no encoder")


def never_paired() -> LoadedPairedEncoder:
    """Fail like `never`, in place of a loaded paired encoder."""
    raise AssertionError("a plan loads no encoder")
