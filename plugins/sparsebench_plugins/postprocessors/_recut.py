"""Blocks of other widths, so that what is summed up together depends on no block."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from sparsebench import Block


def recut(blocks: Iterable[Block], width: int) -> Iterator[list[Block]]:
    """Cut blocks, in the order of documents, into parts of `width` documents, counted from the first of all.

    Yields the parts that each block completes; the last list has what is left over. A part is copied where a block ends
    within it.

    >>> import torch
    >>> blocks = [Block(slice(0, 3), torch.arange(3.)[None]), Block(slice(3, 7), torch.arange(3., 7.)[None])]
    >>> [[(part.columns.start, part.scores.tolist()) for part in parts] for parts in recut(blocks, 2)]
    [[(0, [[0.0, 1.0]])], [(2, [[2.0, 3.0]]), (4, [[4.0, 5.0]])], [(6, [[6.0]])]]
    """
    begun: list[Block] = []
    for block in blocks:
        parts, place = [], 0
        while place < block.scores.shape[1]:
            first = block.columns.start + place
            stop = min(place + width - first % width, block.scores.shape[1])
            begun.append(Block(slice(first, block.columns.start + stop), block.scores[:, place:stop]))
            if begun[-1].columns.stop % width == 0:
                parts.append(_joined(begun))
                begun = []
            place = stop
        yield parts
    if begun:
        yield [_joined(begun)]


def _joined(parts: list[Block]) -> Block:
    import torch

    if len(parts) == 1:
        return parts[0]
    columns = slice(parts[0].columns.start, parts[-1].columns.stop)
    return Block(columns, torch.cat([part.scores for part in parts], dim=1))
