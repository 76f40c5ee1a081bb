"""The vectors of one group: loaded once, encoded once, whatever reads them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

from sparsebench.collection.called import documents_called
from sparsebench.collection.looked_at import LookedAt
from sparsebench.collection.read import Gallery
from sparsebench.contracts import CollectionSource, LoadedEncoder, VectorModel, Vocabulary
from sparsebench.contracts.calls import calling
from sparsebench.encoding.stored import (
    Encoder,
    Vectors,
    document_shards,
    encode_documents,
    encode_queries,
    encode_shards,
)
from sparsebench.evaluate.asking import ById, ByText
from sparsebench.media import Media
from sparsebench.planning import Group
from sparsebench.progress import Progress
from sparsebench.provenance import Stopwatch
from sparsebench.store import Store
from sparsebench.types import Document, Encoded, Json, Query, Role, Topics

if TYPE_CHECKING:
    from scipy.sparse import csr_array

WORTH_ENCODING = 8
DOCUMENTS_A_TICK = 1000


@dataclass(frozen=True)
class EncoderOfItems(LoadedEncoder):
    """An encoder that is given ids and looks at the clips or images that they name."""

    inner: LoadedEncoder
    media: Media

    @property
    def vocabulary(self) -> Vocabulary:  # type: ignore[override]
        """The encoder's."""
        return self.inner.vocabulary

    def encode(self, texts: Sequence[str], role: Role) -> Encoded:
        """Vectors of the items whose ids these are, (N, V)."""
        return self.inner.encode_items([self.media.item(name) for name in texts])

    def provenance(self) -> Mapping[str, Json]:
        """Return the encoder's facts about itself."""
        return self.inner.provenance()


class GroupVectors:
    """Vectors of documents and queries of a model that has any; lazy."""

    def __init__(self, group: Group, model: VectorModel, store: Store, progress: Progress, watch: Stopwatch) -> None:
        self.group = group
        self._model = model
        self.collection = group.collection
        self._store = store
        self._progress = progress
        self._watch = watch
        self._query_vectors: dict[tuple[str, ...], Vectors] = {}
        self.asking = (ById if model.reads_ids else ByText)(group.collection)

    @cached_property
    def encoder(self) -> LoadedEncoder:
        """The encoder, loaded (or fitted to the corpus) when first needed."""
        name = f"{type(self._model).__name__}, loaded for {self.collection.spec.label}"
        with self._watch.stage("load model"), calling(name, self.group.model.spec.label):
            return self._model.encoder_for(self._documents_read, self.group.device)

    def _documents(self, source: CollectionSource) -> Iterator[Document]:
        return documents_called(source, self.collection.spec.label)

    def _documents_read(self) -> Iterator[Document]:
        """The corpus, for a model that is fitted to it: with a bar, for this may take minutes."""
        total = len(self.collection.corpus.doc_ids)
        with self._progress.step("read the corpus", total, "documents") as advance:
            for read, document in enumerate(self._documents(self.collection.source), start=1):
                yield document
                if read % DOCUMENTS_A_TICK == 0 or read == total:
                    advance((read - 1) % DOCUMENTS_A_TICK + 1)

    @property
    def expands_queries(self) -> bool:
        """True if queries can have active dimensions that are not their own tokens."""
        return self._model.expands_queries

    @cached_property
    def documents(self) -> Vectors:
        """Vectors of the corpus, (D, V)."""
        with self._watch.stage("encode documents"):
            return self._encoded(Gallery(self.collection.source, self.collection.corpus))

    def make_shards(self, rows: Sequence[range]) -> None:
        """Have these shards of the corpus in the store, as `document_shards` cuts it."""
        encoder = self._role("document", self.collection.items_ranked)
        named = document_shards(encoder, self.collection.corpus)
        with self._watch.stage("encode documents"):
            wanted = {shard: named[shard] for shard in rows}
            documents = self.asking.documents(self._documents(self.collection.source))
            encode_shards(encoder, wanted, documents, self._store, self._progress)

    @cached_property
    def bank_documents(self) -> Vectors:
        """Vectors of the bank's own documents, (E, V)."""
        assert self.collection.bank_gallery is not None, "the suite asks for no gallery of the bank"
        return self._encoded(self.collection.bank_gallery)

    def queries(self, texts: Sequence[str]) -> csr_array:
        """Vectors of query texts, (Q, V). Raises NotApplicable for a text that no query has, of vectors by id."""
        return self._rows(self.asking.texts(texts))

    def of_queries(self, queries: Sequence[Query]) -> csr_array:
        """Vectors of queries, (Q, V)."""
        return self._rows(self.asking.queries(queries))

    def _rows(self, asked: Sequence[str]) -> csr_array:
        """Vectors (Q, V): rows of the test, bank or dev queries where these hold all that is asked.

        Parts of a bank (samples, folds) are then not encoded once more, and have the very same vectors.
        """
        for whole in self._splits:
            # A whole much larger than what is asked (a sample of 500 out of 500,000) is not worth encoding.
            if len(whole) <= WORTH_ENCODING * len(asked) and whole.keys() >= set(asked):
                return self._encoded_queries(tuple(whole)).matrix[[whole[each] for each in asked]]
        return self._encoded_queries(tuple(asked)).matrix

    @cached_property
    def _splits(self) -> list[dict[str, int]]:
        """Return the rows of the test, bank and dev queries: each distinct thing asked -> row."""
        parts = (dict.fromkeys(self.asking.queries(part.queries)) for part in self.asking.parts())
        return [{each: row for row, each in enumerate(distinct)} for distinct in parts]

    def _encoded_queries(self, texts: tuple[str, ...]) -> Vectors:
        if texts not in self._query_vectors:
            with self._watch.stage("encode queries"):
                encoder = self._role("query", self._asked(texts))
                self._query_vectors[texts] = encode_queries(encoder, texts, self._store, self._progress)
        return self._query_vectors[texts]

    def _asked(self, texts: tuple[str, ...]) -> LookedAt | None:
        """The queries that are looked at: their texts are their ids."""
        return self.collection.items_asked(Topics(tuple(Query(text, text) for text in texts)))

    @cached_property
    def test(self) -> csr_array:
        """Vectors of the test queries, (Q, V)."""
        return self.of_queries(self.collection.test.queries)

    def facts(self) -> dict[str, Json]:
        """Return facts for the record: share of texts cut at the maximum length, by role, and what encoded."""
        vectors = {"documents": self.documents, "queries": self._tested}
        return {
            "truncated": {name: found.truncated / found.matrix.shape[0] for name, found in vectors.items()},
            "encoder": dict(self.documents.encoder),
        }

    def seconds(self) -> dict[str, float]:
        """Seconds that encoding documents and test queries cost, by stage."""
        return {"encode documents": self.documents.seconds, "encode queries": self._tested.seconds}

    @property
    def _tested(self) -> Vectors:
        """Vectors of the distinct texts of the test queries."""
        return self._encoded_queries(tuple(self._splits[0]))

    def _encoded(self, gallery: Gallery) -> Vectors:
        own = gallery is self.collection.bank_gallery
        items = self.collection.items_of_the_bank if own else self.collection.items_ranked
        encoder = self._role("document", items)
        documents = self.asking.documents(self._documents(gallery.source))
        return encode_documents(encoder, gallery.corpus, documents, self._store, self._progress)

    def _role(self, role: Role, items: LookedAt | None = None) -> Encoder:
        """The encoder of a role; of clips and images it is asked for what their ids stand for."""
        if items is None:
            return Encoder(self.group.identities[role], role, lambda: self.encoder)
        identity = {**self.group.identities[role], "media": items.digest}
        if self._model.reads_ids:
            return Encoder(identity, role, lambda: self.encoder)
        return Encoder(identity, role, lambda: EncoderOfItems(self.encoder, items.media))
