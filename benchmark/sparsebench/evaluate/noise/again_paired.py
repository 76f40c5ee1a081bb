"""Texts and items of a paired encoder encoded again: scored, ranked and measured, and compared with the first time."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from statistics import fmean
from typing import TYPE_CHECKING

import numpy as np

from sparsebench.collection.read import Gallery
from sparsebench.contracts import EncodedFeatures, Features, LoadedPairedEncoder
from sparsebench.encoding.features import FeatureShard, StoredFeatures
from sparsebench.evaluate.forms.form import block_width
from sparsebench.evaluate.forms.paired import PairedForm
from sparsebench.evaluate.group import Evaluation
from sparsebench.evaluate.noise.again import sampled
from sparsebench.evaluate.noise.variations import Variation
from sparsebench.evaluate.ranking import depth_of, raw_run
from sparsebench.measures import aggregate, measure
from sparsebench.records.noise import Change
from sparsebench.search import MatrixScores
from sparsebench.types import Run

if TYPE_CHECKING:
    from scipy.sparse import csr_array

Encode = Callable[[Sequence[int]], EncodedFeatures]
"""Positions -> features of what stands there."""


@dataclass(frozen=True)
class Renewed:
    """Features of N texts or items, some of which were made again. rows: (S,) which. new: their features."""

    stored: StoredFeatures
    rows: np.ndarray
    new: Features

    @property
    def keys(self) -> list[str]:
        """No keys: new features are not of the store."""
        return []

    def __iter__(self) -> Iterator[tuple[FeatureShard, Features]]:
        """Yield each shard, with new rows in the place of the old."""
        for shard, features in self.stored:
            own = (self.rows >= shard.rows.start) & (self.rows < shard.rows.stop)
            if own.any():
                features = {name: np.array(array) for name, array in features.items()}
                for name, array in features.items():
                    array[self.rows[own] - shard.rows.start] = self.new[name][own]
            yield shard, features


class AgainPaired:
    """Features of all test queries and a sample of the documents; other documents keep the features that they have."""

    def __init__(self, evaluation: Evaluation, sample: int) -> None:
        form = evaluation.form
        assert isinstance(form, PairedForm), "other forms have vectors"
        self._evaluation, self._form = evaluation, form
        self._topics = evaluation.collection.test
        self._queries = form.features_of_queries(self._topics.queries)
        self._documents = form.features_of_documents("collection")
        blocks = form.scores(self._topics.queries, "collection").blocks
        ranking = blocks.top(depth_of(evaluation), evaluation.order)
        self._positions = sampled(ranking, self._documents.rows, sample)
        self._before = raw_run(evaluation, blocks, self._topics)

    @property
    def counts(self) -> Mapping[str, int]:
        """Return the counts that a `GroupNoise` records."""
        rows = {"queries": self._queries.rows, "sampled": len(self._positions)}
        width = sum(array[0].size for array in next(iter(self._queries))[1].values())
        return {**rows, "entries": self._queries.rows * width}

    def load(self, other: Evaluation) -> LoadedPairedEncoder:
        """Load the model of an evaluation; raises SparsebenchError."""
        assert isinstance(other.form, PairedForm), "a variation is of the same form"
        return other.form.loaded

    def change(self, variation: Variation, other: Evaluation) -> Change:
        """Measure what comes of encoding them in another way, by the model of `other`."""
        encoder = self.load(other)
        every = np.arange(self._queries.rows)
        queries = Renewed(self._queries, every, self._again(variation, self._query_encoder(encoder), every))
        again = self._again(variation, self._document_encoder(encoder), self._positions)
        documents = Renewed(self._documents, self._positions, again)
        pairs = self._form.pair_scores(self._topics.queries, "collection")
        pairs = replace(pairs, queries=queries, documents=documents, load=lambda: encoder, keep=False)
        run = raw_run(self._evaluation, self._blocks(pairs.matrix()), self._topics)
        before, after = self._means(self._before), self._means(run)
        return Change(
            variation=variation.name,
            counts=variation.counts,
            means={name: after[name] - before[name] for name in before},
            weight=max(_moved(side) for side in (queries, documents)),
            flips=0,
            rankings=fmean(list(run[query_id]) != list(hits) for query_id, hits in self._before.items()),
        )

    def _again(self, variation: Variation, encode: Encode, positions: np.ndarray) -> Features:
        parts = variation.run(lambda call: encode(positions[call].tolist()).features, len(positions))
        order = np.argsort(np.concatenate(variation.calls(len(positions))))
        return {name: np.concatenate([part[name] for part in parts])[order] for name in parts[0]}

    def _query_encoder(self, encoder: LoadedPairedEncoder) -> Encode:
        asked = self._evaluation.collection.items_asked(self._topics)
        if asked is not None:
            return lambda places: encoder.encode_items([asked.items[place] for place in places])
        return _of_texts(encoder, [query.text for query in self._topics.queries])

    def _document_encoder(self, encoder: LoadedPairedEncoder) -> Encode:
        ranked = self._evaluation.collection.items_ranked
        if ranked is not None:
            return lambda places: encoder.encode_items([ranked.items[place] for place in places])
        collection = self._evaluation.collection
        gallery = Gallery(collection.source, collection.corpus)
        return _of_texts(encoder, [document.text for document in gallery.source.documents()])

    def _blocks(self, matrix: np.ndarray | csr_array) -> MatrixScores:
        device = self._evaluation.group.search_device
        return MatrixScores(matrix, device=device, block=block_width(len(self._topics.queries)))

    def _means(self, run: Run) -> dict[str, float]:
        group = self._evaluation.group
        qrels = self._evaluation.answers.judged(self._topics.qrels)
        return aggregate(measure(run, qrels, group.measures, depth=group.depth))


def _of_texts(encoder: LoadedPairedEncoder, texts: Sequence[str]) -> Encode:
    return lambda places: encoder.encode_texts([texts[place] for place in places])


def _moved(side: Renewed) -> float:
    """The largest difference of a number of features, old and new."""
    found = 0.0
    for shard, features in side.stored:
        own = (side.rows >= shard.rows.start) & (side.rows < shard.rows.stop)
        for name, array in features.items():
            old = np.asarray(array[side.rows[own] - shard.rows.start], dtype=np.float64)
            if old.size:
                found = max(found, float(np.abs(old - side.new[name][own]).max()))
    return found
