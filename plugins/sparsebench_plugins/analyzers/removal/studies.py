"""Removal studies in records, for analyzers of a whole suite."""

from __future__ import annotations

from collections.abc import Sequence

from sparsebench import NotApplicable, Record


def label_of_study(records: Sequence[Record], label: str | None) -> str | None:
    """The label of the removal study that a suite has; None where it has none.

    Args:
        records: of the suite.
        label: the one that was asked for, which is taken as it is.

    Raises NotApplicable where the suite has several, and none was asked for.
    """
    if label is not None:
        return label
    found = list(dict.fromkeys(name for record in records for name in record.analyses_by("removal")))
    if len(found) > 1:
        raise NotApplicable(f"the suite has several removal studies; say which by `removal:`: {', '.join(found)}")
    return found[0] if found else None
