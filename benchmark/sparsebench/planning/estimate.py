"""How long encoding is likely to take, learnt from what this machine has encoded before."""

from __future__ import annotations

import statistics

from sparsebench.planning.plan import Group
from sparsebench.provenance.digests import digest
from sparsebench.store import Store


def estimate_seconds(group: Group, documents: int, store: Store) -> float | None:
    """Seconds to encode so many documents; None when this model never encoded any here.

    Encoding is nearly all of a run (97 % at 93,000 passages), so the rest is not estimated.
    """
    if documents == 0:
        return 0.0
    kind = group.model.model.stored_as
    assert kind is not None, "a model that encodes nothing lacks no documents"
    model = digest(group.identities["document"]["model"])
    rates = [
        facts["seconds"] / facts["shape"][0]
        for facts in store.facts(kind)
        if facts.get("model") == model and facts["shape"][0]
    ]
    return documents * statistics.median(rates) if rates else None
