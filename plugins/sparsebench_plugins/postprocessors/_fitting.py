"""Choose the queries a postprocessor learns from."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Literal, Protocol, TypeVar, cast

from sparsebench import Block, FitContext, ScoreBlocks, ScoreError, Sees
from sparsebench.collection import normalised
from sparsebench.search import unscaled

if TYPE_CHECKING:
    from torch import Tensor


class Fitting(Protocol):
    """Access to score blocks for fitting; may be iterated any number of times."""

    @property
    def shape(self) -> tuple[int, int]:
        """Number of queries and documents, (Q, D)."""
        ...

    def __iter__(self) -> Iterator[Block]:
        """Blocks in the order of documents."""
        ...


class _Shaped(Protocol):
    @property
    def shape(self) -> tuple[int, int]: ...


Shaped = TypeVar("Shaped", bound=_Shaped)


def enough(fitting: Shaped, sees: Sees) -> Shaped:
    """Return the fitting scores if there are queries to learn from. Raises ScoreError for an empty bank, or a batch of
    one query.
    """
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


def undivided(blocks: Fitting) -> tuple[Fitting, float]:
    """The blocks before `scaled` divided them, and by what; the same and 1 where it did not."""
    if isinstance(blocks, Picked):
        raw, scale = unscaled(blocks.blocks)
        return replace(blocks, blocks=raw), scale
    if isinstance(blocks, Beside):
        (left, scale), (right, other) = unscaled(blocks.left), unscaled(blocks.right)
        return (Beside(left, right), scale) if scale == other else (blocks, 1.0)
    return (blocks, 1.0) if isinstance(blocks, Appended) else unscaled(cast(ScoreBlocks, blocks))


def places_of(blocks: Fitting) -> Tensor:
    """Return the fitting query that each of the queries is, (Q,) int64: itself, unless only some were picked."""
    import torch

    return blocks.places if isinstance(blocks, Picked) else torch.arange(blocks.shape[0])


def distinct(blocks: ScoreBlocks, context: FitContext) -> Picked:
    """The first of the fitting queries of each text: the same as giving n duplicates a weight of 1/n each."""
    if len(context.query_texts) != blocks.shape[0]:
        raise ScoreError(
            f"query_weights: dedup needs the texts of the {blocks.shape[0]} fitting queries, and "
            f"{len(context.query_texts)} are known; use query_weights: uniform"
        )
    # Queries without a text, as a matrix of videos has them, are not known to be the same.
    names = [normalised(text) or row for row, text in enumerate(context.query_texts)]
    first: dict[str | int, int] = {}
    for row, name in enumerate(names):
        first.setdefault(name, row)
    return Picked(blocks, tuple(first.values()), tuple(first[name] for name in names))


@dataclass(frozen=True, eq=False)
class Picked:
    """Some rows of score blocks, by number. first: for each row, the chosen one that stands for it."""

    blocks: ScoreBlocks
    chosen: tuple[int, ...]
    first: tuple[int, ...]

    @property
    def shape(self) -> tuple[int, int]:
        """Size, (number of chosen rows, D)."""
        return len(self.chosen), self.blocks.shape[1]

    @property
    def floor(self) -> float:
        """Implement `ScoreBlocks.floor`."""
        return self.blocks.floor

    @property
    def dtype(self) -> Literal["float32", "float64"]:
        """Implement `ScoreBlocks.dtype`."""
        return self.blocks.dtype

    def __iter__(self) -> Iterator[Block]:
        """Implement `ScoreBlocks.__iter__`."""
        for block in self.blocks:
            yield replace(block, scores=block.scores[list(self.chosen)])

    def rows(self, start: int, stop: int) -> Picked:
        """Implement `ScoreBlocks.rows`."""
        return replace(self, chosen=self.chosen[start:stop])

    @property
    def places(self) -> Tensor:
        """Return for each row the chosen one with the very same scores; -1 where a text came with scores of its own."""
        import torch

        first = torch.tensor(self.first)
        alike = torch.ones(len(first), dtype=torch.bool)
        for block in self.blocks:
            alike &= (block.scores == block.scores[first]).all(dim=1).cpu()
        return torch.searchsorted(torch.tensor(self.chosen), first).masked_fill(~alike, -1)


@dataclass(frozen=True, eq=False)
class Beside:
    """Scores of the same queries over two sets of documents, (Q, D + E): those of `left` come first."""

    left: ScoreBlocks
    right: ScoreBlocks

    @property
    def shape(self) -> tuple[int, int]:
        """Number of queries and of documents of both, (Q, D + E)."""
        return self.left.shape[0], self.left.shape[1] + self.right.shape[1]

    @property
    def floor(self) -> float:
        """Implement `ScoreBlocks.floor`."""
        return self.left.floor

    @property
    def dtype(self) -> Literal["float32", "float64"]:
        """Implement `ScoreBlocks.dtype`."""
        return self.left.dtype

    def __iter__(self) -> Iterator[Block]:
        """Implement `ScoreBlocks.__iter__`."""
        yield from self.left
        first = self.left.shape[1]
        for block in self.right:
            columns = slice(first + block.columns.start, first + block.columns.stop)
            yield replace(block, columns=columns)

    def rows(self, start: int, stop: int) -> Beside:
        """Implement `ScoreBlocks.rows`."""
        return Beside(self.left.rows(start, stop), self.right.rows(start, stop))


@dataclass(frozen=True, eq=False)
class Appended:
    """A bank (B, D) with one more query below it, its scores (D,)."""

    bank: ScoreBlocks
    own: Tensor

    @property
    def shape(self) -> tuple[int, int]:
        """Number of bank queries, one more, and of documents, (B + 1, D)."""
        return self.bank.shape[0] + 1, self.bank.shape[1]

    def __iter__(self) -> Iterator[Block]:
        """Blocks as wide as the bank's."""
        import torch

        for block in self.bank:
            yield Block(block.columns, torch.cat([block.scores, self.own[None, block.columns]]))
