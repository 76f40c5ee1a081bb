"""Estimate encoding time, learnt from what this machine has encoded before."""

from __future__ import annotations

import statistics

from sparsebench.planning.plan import Group
from sparsebench.planning.shards import document_shards_of
from sparsebench.store import Store


def estimate_seconds(group: Group, documents: int, store: Store) -> float | None:
    """Seconds to encode so many documents; None when this model never encoded any on such a
    device.

    Encoding is nearly all of a run (97 % at 93,000 passages), so the rest is not estimated.
    """
    if documents == 0:
        return 0.0
    shards = document_shards_of(group)
    assert shards is not None, "a model that encodes nothing lacks no documents"
    rates = [
        facts["seconds"] / facts["shape"][0]
        for facts in store.facts(shards.kind)
        if facts.get("pace") == shards.pace and facts["shape"][0]
    ]
    return documents * statistics.median(rates) if rates else None
