"""Read outcomes from a record: wackiness, effectiveness, sparsity, the statistic of a removal."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

import numpy as np

from sparsebench import NotApplicable, Record
from sparsebench_plugins.analyzers import wackiness
from sparsebench_plugins.analyzers.factor_study.trainings import Training
from sparsebench_plugins.analyzers.sparsity import sparsity_values

Read = Callable[[Record], float | None]


def w_auc(outcome: str) -> Read:
    """W-AUC of an analysis and a preset, as `wackiness: robust`."""
    return _of_preset(outcome, "w_auc")


def kept_tokens(outcome: str) -> Read:
    """Return how many tokens that W-AUC is over."""
    return _of_preset(outcome, "n")


def _of_preset(outcome: str, key: str) -> Read:
    return lambda record: wackiness.definitions(record).get(outcome, {}).get(key)


def effectiveness(record: Record) -> float | None:
    """The collection's first measure."""
    return record.measures.get(record.cell.collection.params["measures"][0])


def effectiveness_name(found: Sequence[Training]) -> str:
    """Name the measure that `effectiveness` reads, where all collections have one."""
    names = {record.cell.collection.params["measures"][0] for each in found for record in each.records.values()}
    return str(names.pop()) if len(names) == 1 else "first measure"


def sparsity(key: str) -> Read:
    """A value of the first analysis of sparsity, None where there is none."""
    return lambda record: sparsity_values(record).get(key)


def beyond_matched(removal: str) -> Read:
    """Make the reader of what removing the wackiest tokens does beyond removing matched random ones: below 0 they are
    missed more.
    """

    def read(record: Record) -> float | None:
        arms = record.analysis.get(removal, {}).get("arms")
        return None if arms is None else arms["wackiest"]["statistic"] - arms["matched"]["statistic"]

    return read


def table(of: Mapping[str, Mapping[str, Training]], collection: str, read: Read) -> np.ndarray | None:
    """Values (n seeds, k conditions) in a collection; None where any is missing."""
    values = [[_value(training, collection, read) for training in seeds.values()] for seeds in of.values()]
    return None if any(None in row for row in values) else np.array(values, dtype=np.float64).T


def _value(training: Training, collection: str, read: Read) -> float | None:
    record = training.records.get(collection)
    return None if record is None else read(record)


def definitions(found: Sequence[Training]) -> list[str]:
    """List every definition of wackiness with a W-AUC, as `wackiness: robust`, in the order of the records."""
    records = (record for training in found for record in training.records.values())
    names = list(dict.fromkeys(name for record in records for name in wackiness.definitions(record)))
    if not names:
        raise NotApplicable("no record has a wackiness analysis")
    return names
