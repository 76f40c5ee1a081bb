"""Refuse to train on queries that are tested."""

from __future__ import annotations

import numpy as np

from sparsebench.collection import BeirFolder, IrDatasets
from sparsebench.collection.bank import normalised
from sparsebench.errors import TrainingError
from sparsebench.provenance.digests import digest
from sparsebench.training.examples import Examples
from sparsebench.training.recipe import QuerySet, Variant

SHOWN = 3
_PARTS = ("queries", "qrels")


def without_test_queries(examples: Examples, variant: Variant) -> tuple[Examples, int]:
    """The examples whose query is no test query, texts compared normalised, and how many others there were.

    Raises TrainingError where there are others and `overlap` is `refuse`, or where all are.
    """
    settings = variant.settings
    tested = {normalised(text): name for each in settings.test_sets or () for name, text in _queries(each)}
    found = np.array([query in tested for query in _normalised_queries(examples)], dtype=bool) if tested else None
    if found is None or not found.any():
        return examples, 0
    if settings.overlap == "refuse" or found.all():
        raise TrainingError(_refused(examples, found, tested, variant))
    return examples.keep(np.flatnonzero(~found)), int(found.sum())


def digests(variant: Variant) -> list[str]:
    """SHA-256 of the queries of each test set."""
    return [digest(_queries(each)) for each in variant.settings.test_sets or ()]


def missing(variant: Variant) -> list[str]:
    """List the test sets that are not at hand, one line each; their documents are not needed."""
    return [
        line
        for each in variant.settings.test_sets or ()
        for line in (IrDatasets(each.id).missing(_PARTS) if each.id else _folder(each).missing())
    ]


def fetch(variant: Variant) -> None:
    """Let ir_datasets download what is missing."""
    for each in variant.settings.test_sets or ():
        if each.id is not None:
            IrDatasets(each.id).fetch(_PARTS)


def _folder(queries: QuerySet) -> BeirFolder:
    assert queries.beir is not None, "the recipe has checked that there is one source"
    return BeirFolder(queries.beir, queries.beir.name)


def _queries(queries: QuerySet) -> list[tuple[str, str]]:
    source = IrDatasets(queries.id) if queries.id is not None else _folder(queries)
    topics = source.topics(None if queries.id is not None else queries.split)
    return [(f"{source.name} {query.query_id}", query.text) for query in topics.queries]


def _normalised_queries(examples: Examples) -> list[str]:
    """Normalise each distinct query once: there are forty times fewer than triples."""
    ids = examples.columns["query"]
    distinct = list(dict.fromkeys(ids))
    texts = examples.look_up.get("query", list)(distinct)
    known = {id_: normalised(text) for id_, text in zip(distinct, texts, strict=True)}
    return [known[id_] for id_ in ids]


def _refused(examples: Examples, found: np.ndarray, tested: dict[str, str], variant: Variant) -> str:
    texts = dict.fromkeys(text for i in np.flatnonzero(found) for text in examples.texts("query", int(i), int(i) + 1))
    shown = "; ".join(f"{text!r} is {tested[normalised(text)]}" for text in list(texts)[:SHOWN])
    return (
        f"{variant.place('test_sets')}: {variant.label}: {found.sum()} of {len(examples)} training examples have a "
        f"query that is also tested ({shown}{', …' if len(texts) > SHOWN else ''}); train on other data, or with "
        "`overlap: drop`"
    )
