"""Find the artefacts of the store that plans still name: all others only take up room."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import get_args

from sparsebench.collection.corpus import Corpus
from sparsebench.contracts import PairedEncoder, Side
from sparsebench.encoding.features import KIND as FEATURES
from sparsebench.encoding.features import PairedSide
from sparsebench.encoding.stored import KIND as VECTORS
from sparsebench.encoding.stored import Encoder, document_shards
from sparsebench.planning.plan import Group
from sparsebench.planning.shards import never, never_paired
from sparsebench.store import Artefact
from sparsebench.types import Json


@dataclass(frozen=True)
class Named:
    """Artefacts that groups of plans name.

    documents: keys of vectors of documents. makers: models in a role or on a side.

    Which texts a model encodes as queries no plan knows, as analyzers choose some: a query counts by its maker alone.
    """

    documents: frozenset[str]
    makers: frozenset[str]
    corpora: frozenset[str]

    @classmethod
    def by(cls, groups: Iterable[Group]) -> Named:
        """Collect what the groups name, all together."""
        documents, makers, corpora = set[str](), set[str](), set[str]()
        for group in groups:
            galleries = _galleries(group)
            corpora |= {corpus.digest for corpus, _ in galleries}
            makers |= _makers(group)
            for corpus, media in galleries if group.model.model.stored_as == VECTORS else ():
                encoder = Encoder({**group.identities["document"], **media}, "document", never)
                documents |= set(document_shards(encoder, corpus).values())
        return cls(frozenset(documents), frozenset(makers), frozenset(corpora))

    def unnamed(self, artefacts: Iterable[Artefact]) -> list[Artefact]:
        """List the artefacts that nothing names, of the kinds that plans can name: trained checkpoints, for one, are
        none.
        """
        there = list(artefacts)
        features = {each.key for each in there if each.kind == FEATURES and each.facts.get("maker") in self.makers}
        return [each for each in there if not self._names(each, features)]

    def _names(self, artefact: Artefact, features: set[str]) -> bool:
        facts = artefact.facts
        match artefact.kind:
            case "vectors" if facts.get("role") == "document":
                return artefact.key in self.documents
            case "vectors" | "features":
                return facts.get("maker") in self.makers
            case "scores":
                return set(facts.get("features", ["of before they were named"])) <= features
            case "corpus":
                return facts.get("digest") in self.corpora
            case _:
                return True


def _galleries(group: Group) -> list[tuple[Corpus, dict[str, Json]]]:
    """Return the documents ranked and the bank's own documents, each with the digest of its clips or images."""
    collection = group.collection
    found = [(collection.corpus, collection.items_ranked)]
    if collection.bank_gallery:
        found.append((collection.bank_gallery.corpus, collection.items_of_the_bank))
    return [(corpus, {"media": items.digest} if items else {}) for corpus, items in found]


def _makers(group: Group) -> set[str]:
    if isinstance(group.model.model, PairedEncoder):
        sides: tuple[Side, ...] = get_args(Side)
        return {PairedSide(group.side_identity(side), side, never_paired).maker for side in sides}
    return {Encoder(group.identities[role], role, never).maker for role in group.identities}
