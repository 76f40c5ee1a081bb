"""Scores that are given as a matrix or as the entries of a run."""

from __future__ import annotations

import math
from pathlib import Path

import numpy as np
import pytest
import torch
from scipy.sparse import csr_array

from sparsebench import ScoreBlocks
from sparsebench.errors import ScoreError
from sparsebench.search import MatrixScores


def dense(blocks: ScoreBlocks) -> np.ndarray:
    return torch.cat([block.scores for block in blocks], dim=1).numpy()


@pytest.mark.parametrize("block", [1, 2, 3, 100])
@pytest.mark.parametrize(("given", "read"), [("float16", "float32"), ("float32", "float32"), ("float64", "float64")])
def test_a_matrix_is_read_block_by_block_in_a_type_that_holds_it(block: int, given: str, read: str) -> None:
    matrix = np.arange(15, dtype=given).reshape(3, 5)
    blocks = MatrixScores(matrix, block=block)
    assert dense(blocks).tolist() == matrix.tolist()
    assert dense(blocks.rows(1, 3)).tolist() == matrix[1:].tolist()
    assert {block.scores.dtype for block in blocks} == {getattr(torch, read)}
    assert blocks.dtype == blocks.rows(1, 3).dtype == read
    assert blocks.floor == -math.inf


def test_a_memory_mapped_matrix_is_not_written_to(tmp_path: Path) -> None:
    np.save(tmp_path / "scores.npy", np.ones((2, 3), dtype=np.float32))
    mapped = np.load(tmp_path / "scores.npy", mmap_mode="r")
    for block in MatrixScores(mapped):
        block.scores.zero_()
    assert mapped.tolist() == [[1, 1, 1], [1, 1, 1]]


@pytest.mark.parametrize("block", [1, 2, 100])
def test_documents_a_run_does_not_list_are_unseen_and_a_score_of_0_is_not(block: int) -> None:
    run = csr_array((np.array([2.0, 0.0, -1.0], np.float32), np.array([0, 3, 1]), np.array([0, 2, 3])), shape=(2, 4))
    unseen = -math.inf
    assert dense(MatrixScores(run, block=block)).tolist() == [[2, unseen, unseen, 0], [unseen, -1, unseen, unseen]]
    assert dense(MatrixScores(run, block=block).rows(1, 2)).tolist() == [[unseen, -1, unseen, unseen]]


@pytest.mark.parametrize("broken", [math.nan, math.inf])
def test_a_score_that_is_no_number_names_row_and_document(broken: float) -> None:
    matrix = np.zeros((4, 6))
    matrix[2, 5] = broken
    with pytest.raises(ScoreError, match=f"query row 2 has the score {broken:g} for document 5"):
        dense(MatrixScores(matrix, block=4))


def test_minus_infinity_is_refused_where_it_does_not_mean_unseen() -> None:
    matrix = np.full((1, 2), -math.inf)
    assert dense(MatrixScores(matrix)).tolist() == [[-math.inf, -math.inf]]
    with pytest.raises(ScoreError, match="query row 0 has the score -inf"):
        dense(MatrixScores(matrix, floor=0.0))
