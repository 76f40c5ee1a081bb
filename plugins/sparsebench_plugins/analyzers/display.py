"""Columns of the analyzers that are one module; apart from them, so that a reworded note computes nothing again."""

from __future__ import annotations

from sparsebench import Column
from sparsebench_plugins.analyzers.hubness import Hubness

L0_NOTE = "L0: mean active terms of a query and of a document."
FLOPS_NOTE = "FLOPS: expected term matches of a query and a document, the sum over terms of p_q p_d."

SPARSITY = (
    Column("L0 query", "l0_query", digits=1, note=L0_NOTE),
    Column("L0 document", "l0_document", digits=1, note=L0_NOTE),
    Column("FLOPS", "flops", digits=2, note=FLOPS_NOTE, cost=True),
)


def hubness(analyzer: Hubness) -> list[Column]:
    """The skewness of N_k, named by its k."""
    note = (
        f"N_{analyzer.k} skew: skewness of the number of queries that have a document among their {analyzer.k} best, "
        "over all documents; the larger, the more a few hubs are in the way of the others."
    )
    return [Column(f"N_{analyzer.k} skew", "skewness", digits=2, note=note)]
