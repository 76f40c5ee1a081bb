"""DBSN, dual bank Sinkhorn normalisation: Sinkhorn over a bank of queries and a bank of documents (METHODS 3.5)."""

from __future__ import annotations

from dataclasses import replace
from typing import ClassVar

from sparsebench import FitContext, ScoreBlocks, ScoreError, State
from sparsebench_plugins.postprocessors._fitting import Beside
from sparsebench_plugins.postprocessors.sinkhorn import FrozenSinkhorn


class Dbsn(FrozenSinkhorn):
    """Sinkhorn on bank queries x (documents + the bank's own documents); the potentials of the documents are kept.

    The bank's queries then find their own right answers among the rivals.

    Raises ScoreError for an empty bank, and where the collection's bank brings no documents of its own.
    """

    reads_bank_gallery: ClassVar[bool] = True

    def fit(self, blocks: ScoreBlocks, context: FitContext) -> State:
        """Learn lv: potentials of the D documents, (D,) float64."""
        if context.bank_gallery is None:
            raise ScoreError(
                "dbsn needs the bank's own documents beside its queries. Add them to the collection's bank, e.g. "
                "`bank: {beir: folder, split: train, gallery: true}`, or use sinkhorn_single_query, which needs none"
            )
        state = super().fit(Beside(blocks, context.bank_gallery), context)
        return replace(state, arrays={"lv": state.arrays["lv"][: blocks.shape[1]]})
