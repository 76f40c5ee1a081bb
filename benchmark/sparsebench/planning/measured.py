"""Check that measures take the judgments of collections, before anything is encoded."""

from __future__ import annotations

from collections.abc import Sequence

from sparsebench.collection.resolved import TestCollection
from sparsebench.errors import SuiteError
from sparsebench.suite import Suite

HINT = "ERR and nDCG(dcg='exp-log2') are defined for grades up to 4"


def refuse_measures(suite: Suite, collections: Sequence[TestCollection]) -> None:
    """Raise SuiteError that names every measure of a collection that would fail on any run, by its grades."""
    lines = [line for collection in collections for line in _refused(suite, collection)]
    if lines:
        raise SuiteError("\n".join([*lines, f"{HINT}. Give the collection `measures:` of its own"]))


def _refused(suite: Suite, collection: TestCollection) -> list[str]:
    from sparsebench.measures import refused_grades  # here, because it loads ir_measures

    grades = {grade for judged in collection.test.qrels.values() for grade in judged.values()}
    failed = refused_grades(collection.spec.measures or suite.measures, grades)
    span = f"its grades, which go from {min(grades)} to {max(grades)}"
    return [f"{collection.spec.label}: measure {name!r} fails on {span} ({why})" for name, why in failed.items()]
