"""Postprocessors of scores: `fit -> State -> apply`."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, ClassVar

from sparsebench.types import Block, Json, ScoreBlocks, Sees

if TYPE_CHECKING:
    from torch import Tensor


@dataclass(frozen=True)
class FitContext:
    """Input of a postprocessor's `fit` beside the score blocks of its fitting queries.

    query_texts: (B,) texts of the fitting queries, e.g. to weigh duplicates.
    bank_gallery: (B, E) scores of the bank's queries for the bank's own documents; None where the bank has none.

    Example:
        >>> FitContext(query_texts=("what is tea",)).bank_gallery is None
        True
    """

    query_texts: Sequence[str] = ()
    bank_gallery: ScoreBlocks | None = None


@dataclass(frozen=True)
class State:
    """Result of a postprocessor's `fit`.

    arrays: named (D,) tensors, one value per document.
    blocks: the fitting blocks, for methods that read them again per query (`append`); None for all others.
    facts: for the record, e.g. how many scores were negative.
    rows: named (Q,) tensors, one value per test query, for methods that see the `batch`: `Block.first_row` says which
    rows of them a block is about.
    error: two corrected scores of a row that are no further apart than this may be equal in exact arithmetic, or the
    other way round. The record counts first places within it, and those that are equal.

    Example:
        >>> import torch
        >>> State({"mean": torch.zeros(3)}, facts={"negative_scores": 0}).arrays["mean"].shape
        torch.Size([3])
    """

    arrays: Mapping[str, Tensor] = field(default_factory=dict)
    blocks: ScoreBlocks | None = None
    facts: Mapping[str, Json] = field(default_factory=dict)
    rows: Mapping[str, Tensor] = field(default_factory=dict)
    error: float = 0.0


RowStats = Mapping[str, "Tensor"]
"""Named tensors (Q,) or (Q, D) that needed the whole row."""


class Postprocessor(ABC):
    """A correction of scores: `fit -> State -> apply` (METHODS 3).

    Blocks arrive already divided by the scale; `fit` sees exactly the queries that `sees` allows: none (`query`: it is
    not called), the bank, or all test queries (`batch`).

    Example:
        >>> import numpy as np, torch
        >>> from sparsebench.search import MatrixScores
        >>> class Centred(Postprocessor):
        ...     sees = "bank"
        ...     def fit(self, blocks, context):
        ...         return State({"mean": torch.cat([block.scores.mean(dim=0) for block in blocks])})
        ...     def apply(self, block, state, row_stats):
        ...         return block.scores - state.arrays["mean"][block.columns]
        >>> bank = MatrixScores(np.array([[1.0, 3.0], [3.0, 3.0]]))
        >>> Centred().apply(next(iter(bank)), Centred().fit(bank, FitContext()), {}).tolist()
        [[-1.0, 0.0], [1.0, 0.0]]
    """

    sees: ClassVar[Sees]
    reads_bank_gallery: ClassVar[bool] = False
    """Whether `fit` wants `FitContext.bank_gallery`, which costs the encoding of those documents."""
    is_identity: ClassVar[bool] = False
    """Whether `apply` returns the scores as they are: the best documents are then found without scoring all of them."""

    @abstractmethod
    def fit(self, blocks: ScoreBlocks, context: FitContext) -> State:
        """Learn from the fitting queries' blocks."""

    def row_stats(self, blocks: ScoreBlocks, state: State) -> RowStats:
        """Values per query row that need the whole row; one pass. Most methods have none."""
        return {}

    @abstractmethod
    def apply(self, block: Block, state: State, row_stats: RowStats) -> Tensor:
        """Corrected scores (Q, d) of a block, float32 or float64 and no narrower than the block's.

        Only their order within a row matters. The block is read only.
        """

    def bounds(self, block: Block, state: State, row_stats: RowStats) -> tuple[Tensor, Tensor] | None:
        """Keys (Q, d) float32 in the order of `apply`, and how far they may be off, (Q, d) or (Q, 1) float32.

        On a GPU only documents whose keys do not rule them out are then corrected, by `apply` with their part of
        `state.arrays` and `row_stats`; the ranking is the same. The keys stand for any increasing function of what
        `apply` returns, the same one for all blocks of a row: |key - f(corrected)| <= error. A class that overrides
        `apply` states its own bounds, or has none. None, as here: `apply` for all documents.
        """
        return None

    def remarks(self, blocks: ScoreBlocks, state: State) -> Mapping[str, Json]:
        """Counts of the test scores for the record, once they are ranked: what a reader of the row should know."""
        return {}
