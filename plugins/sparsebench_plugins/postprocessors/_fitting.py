"""Which queries a postprocessor learns from."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal, Protocol, TypeVar

from sparsebench import Block, FitContext, ScoreBlocks, ScoreError, Sees
from sparsebench.collection import normalised

if TYPE_CHECKING:
    from torch import Tensor


class Fitting(Protocol):
    """What fitting needs of score blocks; may be iterated any number of times."""

    @property
    def shape(self) -> tuple[int, int]:
        """(Q, D)."""
        ...

    def __iter__(self) -> Iterator[Block]:
        """Blocks in the order of documents."""
        ...


class _Shaped(Protocol):
    @property
    def shape(self) -> tuple[int, int]: ...


Shaped = TypeVar("Shaped", bound=_Shaped)


def enough(fitting: Shaped, sees: Sees) -> Shaped:
    """The same, if there are queries to learn from. Raises ScoreError for an empty bank, or a batch of one query."""
    queries = fitting.shape[0]
    if sees == "bank" and queries < 1:
        raise ScoreError("the bank is empty; a postprocessor that sees a bank needs at least one query in it")
    if sees == "batch" and queries < 2:
        raise ScoreError(
            f"a postprocessor fitted on the test queries needs at least 2 of them, different ones, and there is "
            f"{queries}: alone, a query says nothing about documents. Use its _single_query form with a bank"
        )
    return fitting


def complete(block: Block) -> Tensor:
    """The scores (Q, d) as float64. Raises ScoreError where a document is unseen."""
    unseen = block.scores.isinf()
    if bool(unseen.any()):
        row, place = unseen.nonzero()[0].tolist()
        raise ScoreError(
            f"fitting query {row} has no score for document {block.columns.start + place} (counted from 0), and this "
            "postprocessor needs the scores of all documents. A run file holds only the best: use `none` with it, or "
            "set `pool:` where the method has it (dsl, inverted_softmax, sinkhorn)"
        )
    return block.scores.double()


def distinct(blocks: ScoreBlocks, context: FitContext) -> Picked:
    """The first of the fitting queries of each text: the same as giving n duplicates a weight of 1/n each."""
    if len(context.query_texts) != blocks.shape[0]:
        raise ScoreError(
            f"query_weights: dedup needs the texts of the {blocks.shape[0]} fitting queries, and "
            f"{len(context.query_texts)} are known; use query_weights: uniform"
        )
    first: dict[str, int] = {}
    for row, text in enumerate(context.query_texts):
        first.setdefault(normalised(text), row)
    return Picked(blocks, tuple(first.values()))


@dataclass(frozen=True, eq=False)
class Picked:
    """Some rows of score blocks, by number."""

    blocks: ScoreBlocks
    chosen: tuple[int, ...]

    @property
    def shape(self) -> tuple[int, int]:
        """(number of chosen rows, D)."""
        return len(self.chosen), self.blocks.shape[1]

    @property
    def floor(self) -> float:
        """See ScoreBlocks."""
        return self.blocks.floor

    @property
    def dtype(self) -> Literal["float32", "float64"]:
        """See ScoreBlocks."""
        return self.blocks.dtype

    def __iter__(self) -> Iterator[Block]:
        """See ScoreBlocks."""
        for block in self.blocks:
            yield Block(block.columns, block.scores[list(self.chosen)])

    def rows(self, start: int, stop: int) -> Picked:
        """See ScoreBlocks."""
        return Picked(self.blocks, self.chosen[start:stop])


@dataclass(frozen=True, eq=False)
class Beside:
    """The same queries over two sets of documents, (Q, D + E): those of `left` come first."""

    left: ScoreBlocks
    right: ScoreBlocks

    @property
    def shape(self) -> tuple[int, int]:
        """(Q, D + E)."""
        return self.left.shape[0], self.left.shape[1] + self.right.shape[1]

    @property
    def floor(self) -> float:
        """See ScoreBlocks."""
        return self.left.floor

    @property
    def dtype(self) -> Literal["float32", "float64"]:
        """See ScoreBlocks."""
        return self.left.dtype

    def __iter__(self) -> Iterator[Block]:
        """See ScoreBlocks."""
        yield from self.left
        first = self.left.shape[1]
        for block in self.right:
            yield Block(slice(first + block.columns.start, first + block.columns.stop), block.scores)

    def rows(self, start: int, stop: int) -> Beside:
        """See ScoreBlocks."""
        return Beside(self.left.rows(start, stop), self.right.rows(start, stop))


@dataclass(frozen=True, eq=False)
class Appended:
    """A bank (B, D) with one more query below it, its scores (D,)."""

    bank: ScoreBlocks
    own: Tensor

    @property
    def shape(self) -> tuple[int, int]:
        """(B + 1, D)."""
        return self.bank.shape[0] + 1, self.bank.shape[1]

    def __iter__(self) -> Iterator[Block]:
        """Blocks as wide as the bank's."""
        import torch

        for block in self.bank:
            yield Block(block.columns, torch.cat([block.scores, self.own[None, block.columns]]))
