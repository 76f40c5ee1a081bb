"""The contract of a model that gives scores for ids: Scorer."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np

from sparsebench.contracts import Scorer
from sparsebench.testing.checks import Subject, require
from sparsebench.testing.common import close, same_json
from sparsebench.testing.isolation import no_network
from sparsebench.testing.texts import DOCUMENTS, QUERIES
from sparsebench.types import Query

DOC_IDS = np.array([document.doc_id.encode() for document in DOCUMENTS])


def ranked(scorer: Scorer) -> np.ndarray:
    """Return all it ranks here: the sample's ids (D,), and those it brings itself."""
    return np.concatenate([DOC_IDS, scorer.outside(DOC_IDS)])


def scores(scorer: Scorer, queries: Sequence[Query], doc_ids: np.ndarray) -> np.ndarray:
    """Return scores (Q, D + O) float64, -inf where a document is unseen."""
    found = scorer.score(queries, doc_ids).scores
    if isinstance(found, np.ndarray):
        return found.astype(np.float64)
    full = np.full(found.shape, -np.inf)
    entries = found.tocoo()
    full[entries.coords] = entries.data
    return full


def scores_have_their_shape(scorer: Subject[Scorer]) -> None:
    """`score` returns (Q, D + O) numbers that fit float32: CSR, or an array where all have one (`dense`)."""
    made = scorer.make()
    doc_ids = ranked(made)
    found = made.score(QUERIES, doc_ids).scores
    expected = (len(QUERIES), len(doc_ids))
    require(found.shape == expected, f"shape {found.shape}, not {expected}")
    stored = found if isinstance(found, np.ndarray) else found.data
    require(np.issubdtype(found.dtype, np.floating), f"scores of type {found.dtype}")
    with np.errstate(over="ignore"):
        require(bool(np.isfinite(stored.astype(np.float32)).all()), "a score is not finite; unseen ones have no entry")
    full = stored.size == np.prod(expected)
    require(full or not made.dense, f"dense = True, and {stored.size} of {np.prod(expected)} pairs have a score")


def ids_from_outside_are_new(scorer: Subject[Scorer]) -> None:
    """`outside` names documents that are not in the collection, each once."""
    outside = scorer.make().outside(DOC_IDS).tolist()
    require(len(set(outside)) == len(outside), "an id comes twice")
    require(not set(outside) & set(DOC_IDS.tolist()), "an id is in the collection")


def the_same_twice(scorer: Subject[Scorer]) -> None:
    """Two objects give the same scores, byte for byte, and the same notes."""
    made = [scorer.make() for _ in range(2)]
    first, second = (scores(each, QUERIES, ranked(each)) for each in made)
    require(first.tobytes() == second.tobytes(), "scores differ")
    notes = [dict(each.score(QUERIES, ranked(each)).notes) for each in made]
    same_json(notes[0], notes[1], "notes")


def queries_do_not_matter_to_each_other(scorer: Subject[Scorer]) -> None:
    """A query has the same scores alone and among others; no queries give (0, D + O)."""
    made = scorer.make()
    doc_ids = ranked(made)
    together = scores(made, QUERIES, doc_ids)
    alone = np.concatenate([scores(made, [query], doc_ids) for query in QUERIES])
    require(np.array_equal(alone, together), "scores of a query alone are others")
    require(scores(made, [], doc_ids).shape == (0, len(doc_ids)), "no queries give some rows")


def the_order_of_documents_does_not_matter(scorer: Subject[Scorer]) -> None:
    """Permuting the ids permutes the scores."""
    made = scorer.make()
    doc_ids = ranked(made)
    order = np.random.default_rng(0).permutation(len(DOC_IDS))
    order = np.concatenate([order, np.arange(len(DOC_IDS), len(doc_ids))])
    found = scores(made, QUERIES, doc_ids[order])
    close(found, scores(made, QUERIES, doc_ids)[:, order], tolerance=0, what="ids in another order")


def it_needs_no_network(scorer: Subject[Scorer]) -> None:
    """Scoring touches no network with everything at hand."""
    with no_network():
        made = scorer.make()
        made.score(QUERIES, ranked(made))


SCORER_RULES: tuple[Callable[[Subject[Scorer]], None], ...] = (
    scores_have_their_shape,
    ids_from_outside_are_new,
    the_same_twice,
    queries_do_not_matter_to_each_other,
    the_order_of_documents_does_not_matter,
    it_needs_no_network,
)
