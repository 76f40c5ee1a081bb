"""Tuning on the bank (`dev: {split: bank}`): its queries over its own documents, as a rehearsal of the test.

What is chosen there needs no judgment of a tested document: text-video sets are made so, with a gallery for validation
and one for test, each holding the answers to its own queries.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from sparsebench.collection.resolved import TestCollection
from sparsebench.contracts import Model
from sparsebench.planning import Group
from sparsebench.types import Qrels


def on_bank(group: Group, model: Model) -> Group:
    """The group with the bank's queries and documents in the place of those that are tested, asked of `model`."""
    return replace(group, model=replace(group.model, model=model), collection=_of_the_bank(group.collection))


def _of_the_bank(collection: TestCollection) -> TestCollection:
    gallery, dev = collection.bank_gallery, collection.dev
    assert gallery is not None
    assert dev is not None
    return replace(
        collection,
        source=gallery.source,
        corpus=gallery.corpus,
        test=dev,
        bank_gallery=None,
        bank_is_same_collection=True,  # bank and development queries are the same ones
        counts={},
    )


def unanswered(doc_ids: np.ndarray, fold: Qrels, others: Qrels) -> np.ndarray:
    """Mark which of `doc_ids` (D,) answer no query of `others`, or one of `fold` too: (D,) bool."""
    answers, foreign = (
        np.array([doc for grades in qrels.values() for doc, grade in grades.items() if grade > 0], dtype=np.bytes_)
        for qrels in (fold, others)
    )
    return ~np.isin(doc_ids, foreign) | np.isin(doc_ids, answers)
