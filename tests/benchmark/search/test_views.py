"""Blocks made of others: scaled, kept, rows of them."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Literal

import numpy as np
import pytest
import torch

from sparsebench import Block, ScoreBlocks
from sparsebench.errors import ScoreError
from sparsebench.search import MatrixScores, cached, chosen, median_top1, resolve_scale, scaled, unscaled


def dense(blocks: ScoreBlocks) -> list[list[float]]:
    found: list[list[float]] = torch.cat([block.scores for block in blocks], dim=1).tolist()
    return found


@dataclass
class Counting:
    """Blocks that count how often they are computed."""

    blocks: ScoreBlocks
    passes: list[int] = field(default_factory=list)

    @property
    def shape(self) -> tuple[int, int]:
        return self.blocks.shape

    @property
    def floor(self) -> float:
        return self.blocks.floor

    @property
    def dtype(self) -> Literal["float32", "float64"]:
        return self.blocks.dtype

    def __iter__(self) -> Iterator[Block]:
        self.passes.append(1)
        return iter(self.blocks)

    def rows(self, start: int, stop: int) -> ScoreBlocks:
        return self.blocks.rows(start, stop)


MATRIX = np.array([[2, 4, 6], [8, 10, 12], [1, 0, 3]], dtype=np.float32)
HALVES = [[1, 2, 3], [4, 5, 6], [0.5, 0, 1.5]]


def test_scaled_scores_are_divided_and_the_floor_with_them() -> None:
    blocks = scaled(MatrixScores(MATRIX, floor=0.0, block=2), 2.0)
    assert dense(blocks) == HALVES
    assert dense(blocks.rows(1, 2)) == [HALVES[1]]
    assert (blocks.shape, blocks.floor) == ((3, 3), 0.0)


def test_a_scale_of_1_changes_nothing() -> None:
    blocks = MatrixScores(MATRIX)
    assert scaled(blocks, 1.0) is blocks
    assert unscaled(blocks) == (blocks, 1.0)


def test_what_was_scaled_is_at_hand_undivided() -> None:
    blocks = MatrixScores(MATRIX)
    assert unscaled(scaled(blocks, 3.0)) == (blocks, 3.0)


def test_scaling_makes_no_two_scores_equal() -> None:
    neighbours = np.float32(1.99) + np.arange(3, dtype=np.float32) * np.float32(2**-23)
    assert len(set((neighbours / np.float32(1.9)).tolist())) < 3, "as float32 they are"
    (found,) = dense(scaled(MatrixScores(neighbours[None]), 1.9))
    assert len(set(found)) == 3


def test_scaling_writes_to_no_score_beneath() -> None:
    blocks = cached(MatrixScores(MATRIX), max_bytes=100)
    dense(scaled(blocks, 2.0))
    assert dense(blocks) == MATRIX.tolist()


@pytest.mark.parametrize(
    "view",
    [
        lambda blocks: blocks,
        lambda blocks: scaled(blocks, 2.0),
        lambda blocks: cached(blocks, 1000),
        lambda blocks: scaled(cached(blocks, 1000), 2.0),
        lambda blocks: chosen(blocks, np.array([True, False, True])),
    ],
    ids=["plain", "scaled", "kept", "kept and scaled", "chosen"],
)
def test_rows_of_rows_know_their_numbers(view: Callable[[ScoreBlocks], ScoreBlocks]) -> None:
    blocks = view(MatrixScores(MATRIX, block=2))
    assert {block.first_row for block in blocks} == {0}
    assert {block.first_row for block in blocks.rows(1, 3)} == {1}
    assert {block.first_row for block in blocks.rows(1, 3).rows(1, 2)} == {2}


def test_cached_blocks_are_computed_once_rows_included() -> None:
    source = Counting(MatrixScores(MATRIX, block=2))
    blocks = cached(source, max_bytes=36)
    assert source.passes == [], "nothing is computed before it is needed"
    assert dense(blocks) == dense(blocks) == MATRIX.tolist()
    assert dense(blocks.rows(1, 3)) == MATRIX[1:].tolist()
    assert dense(blocks.rows(1, 3).rows(1, 5)) == MATRIX[2:].tolist()
    assert blocks.rows(0, 8).shape == (3, 3)
    assert len(source.passes) == 1


def test_blocks_that_do_not_fit_pass_through() -> None:
    source = Counting(MatrixScores(MATRIX))
    assert cached(source, max_bytes=35) is source


@pytest.mark.parametrize("block", [1, 2, 3])
def test_median_top1_is_the_middle_of_the_highest_scores(block: int) -> None:
    assert median_top1(MatrixScores(MATRIX, block=block)) == 6
    assert median_top1(MatrixScores(MATRIX[:2], block=block)) == 9


def test_a_scale_is_taken_from_the_blocks_from_the_suite_or_is_1() -> None:
    blocks = MatrixScores(MATRIX)
    assert resolve_scale("median_top1", blocks) == 6
    assert resolve_scale("none", blocks) == 1
    assert resolve_scale(2.5, blocks) == 2.5


@pytest.mark.parametrize("scale", [0, -1.0, float("nan"), float("inf")])
def test_a_scale_that_is_not_finite_and_above_0_is_refused(scale: float) -> None:
    with pytest.raises(ScoreError, match=r"cannot be divided by .*`scale:` to `none`"):
        resolve_scale(scale, MatrixScores(MATRIX))


@pytest.mark.parametrize(
    "matrix", [np.zeros((3, 2)), np.full((3, 2), -1.0), np.full((3, 2), -np.inf), np.zeros((0, 2)), np.zeros((2, 0))]
)
def test_fitting_scores_without_a_usable_median_are_refused(matrix: np.ndarray) -> None:
    with pytest.raises(ScoreError, match=f"median_top1` over {len(matrix)} fitting queries"):
        resolve_scale("median_top1", MatrixScores(matrix))


@pytest.mark.parametrize("block", [1, 2, 5])
def test_some_documents_alone_are_numbered_anew(block: int) -> None:
    matrix = np.arange(15.0).reshape(3, 5)
    some = chosen(MatrixScores(matrix, block=block, floor=0.0), np.array([False, True, True, False, True]))
    assert (some.shape, some.floor) == ((3, 3), 0.0)
    assert np.hstack([found.scores.numpy() for found in some]).tolist() == matrix[:, [1, 2, 4]].tolist()
    assert [at for found in some for at in range(found.columns.start, found.columns.stop)] == [0, 1, 2]
    assert [found.scores.tolist() for found in some.rows(1, 2)][-1][0][-1] == 9
