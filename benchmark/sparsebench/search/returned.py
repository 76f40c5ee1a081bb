"""Scores that plugins return, checked where they enter."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np

from sparsebench.contracts import RowStats, ScoredIds, State
from sparsebench.contracts.csr import check_csr
from sparsebench.contracts.plain import plain_mapping
from sparsebench.errors import ContractError
from sparsebench.types import Block

if TYPE_CHECKING:
    from torch import Tensor


def checked_ids(outside: object, doc_ids: np.ndarray, owner: str) -> np.ndarray:
    """Ids (O,) bytes that a scorer ranks beside `doc_ids` (D,); raises ContractError unless they are new, each once."""
    if not isinstance(outside, np.ndarray) or outside.ndim != 1 or outside.dtype.kind != "S":
        found = getattr(outside, "dtype", type(outside).__name__)
        raise ContractError(owner, "ids", f"it returned {found}, not an array (O,) of bytes")
    values, counts = np.unique(outside, return_counts=True)
    known = np.isin(values, doc_ids)
    for unsound, why in ((counts > 1, "comes twice"), (known, "is in the collection")):
        if unsound.any():
            raise ContractError(owner, "ids", f"{values[unsound][0].decode(errors='replace')!r} {why}")
    return outside


def checked_scores(returned: object, *, shape: tuple[int, int], owner: str) -> ScoredIds:
    """Check a scorer's scores for Q queries and D documents, shape (Q, D); raises ContractError.

    Whether scores are numbers is seen when blocks are read: a matrix may lie on the disk.
    """
    if not isinstance(returned, ScoredIds):
        raise ContractError(owner, "ScoredIds", f"it returned {type(returned).__name__}, not sparsebench.ScoredIds")
    scores: Any = returned.scores
    sparse = getattr(scores, "format", None) == "csr"
    if not sparse and not isinstance(scores, np.ndarray):
        raise ContractError(owner, "array", f"scores are {type(scores).__name__}, neither an array nor a csr_array")
    if scores.shape != shape:
        raise ContractError(owner, "shape", f"scores {scores.shape}, not {shape} (queries, documents)")
    if not np.issubdtype(scores.dtype, np.floating):
        raise ContractError(owner, "floating", f"scores are {scores.dtype}, not of a floating type")
    if sparse:
        check_csr(scores.indptr, scores.indices, len(scores.data), shape, owner)
    return ScoredIds(scores, plain_mapping(returned.notes, owner, "notes"))


def checked_state(returned: object, shape: tuple[int, int], owner: str) -> State:
    """Check what a postprocessor learnt of (Q, D) scores: arrays a document, rows a query; raises ContractError."""
    if not isinstance(returned, State):
        raise ContractError(owner, "State", f"it returned {type(returned).__name__}, not sparsebench.State")
    for name, size in (("rows", shape[0]), ("arrays", shape[1])):
        _require_tensors(getattr(returned, name), f"{owner}: {name}", [(size,)])
    return replace(returned, facts=plain_mapping(returned.facts, owner, "facts"))


def checked_row_stats(returned: object, shape: tuple[int, int], owner: str) -> RowStats:
    """Check a postprocessor's row statistics, (Q,) or (Q, D) in every tensor; raises ContractError. shape: (Q, D)."""
    return _require_tensors(returned, owner, [(shape[0],), shape])


def _require_tensors(found: object, owner: str, shapes: Sequence[tuple[int, ...]]) -> Mapping[str, Tensor]:
    import torch

    if not isinstance(found, Mapping):
        raise ContractError(owner, "named tensors", f"it is of type {type(found).__name__}, not a mapping")
    for name, tensor in found.items():
        if not isinstance(tensor, torch.Tensor):
            raise ContractError(owner, "named tensors", f"{name!r} is of type {type(tensor).__name__}, not a tensor")
        if tuple(tensor.shape) not in shapes:
            expected = " or ".join(map(str, shapes))
            raise ContractError(owner, "shape", f"{name!r} is {tuple(tensor.shape)}, not {expected}")
    return found


def checked_correction(returned: object, block: Block, ranked: Tensor, owner: str) -> Tensor:
    """Check what `apply` returned for a block, and return it as float64 (Q, d); raises ContractError.

    ranked: (Q, d) bool, the pairs that may be ranked; only these need be numbers, and -inf is one of them.
    """
    import torch

    expected = block.scores
    if not isinstance(returned, torch.Tensor):
        raise ContractError(owner, "tensor", f"it returned {type(returned).__name__}, not a torch.Tensor")
    if returned.shape != expected.shape:
        found = f"scores {tuple(returned.shape)}, not {tuple(expected.shape)}, those of the block"
        raise ContractError(owner, "shape", found)
    if returned.dtype not in (torch.float32, torch.float64) or returned.dtype.itemsize < expected.dtype.itemsize:
        found = f"scores of type {returned.dtype} for a block of type {expected.dtype}"
        raise ContractError(owner, "precision", f"{found}: float64, or the type of the block")
    sound = (returned < math.inf) | ~ranked  # NaN is not less
    if not bool(sound.all()):
        row, place = (~sound).nonzero()[0].tolist()
        pair = f"query row {row} and document {block.columns.start + place} (counted from 0)"
        raise ContractError(owner, "finite", f"the score of {pair} is {returned[row, place].item()}")
    return returned.double()


def checked_keys(returned: object, block: Block, owner: str) -> tuple[Tensor, Tensor]:
    """Check float32 keys (Q, d) and errors (Q, d) or (Q, 1) that `bounds` returned; raises ContractError."""
    import torch

    rows, width = block.scores.shape
    if not isinstance(returned, tuple) or len(returned) != 2:
        raise ContractError(owner, "keys and error", f"it returned {type(returned).__name__}, not a pair of tensors")
    for found, shapes in zip(returned, ([(rows, width)], [(rows, width), (rows, 1)]), strict=True):
        if not isinstance(found, torch.Tensor) or found.dtype != torch.float32 or tuple(found.shape) not in shapes:
            what = f"{found.dtype} {tuple(found.shape)}" if isinstance(found, torch.Tensor) else type(found).__name__
            raise ContractError(owner, "keys and error", f"it returned {what}, not float32 {shapes[0]}")
    return returned


def refuse_infinite(corrected: Iterator[tuple[Block, Tensor]], owner: str) -> Iterator[tuple[Block, Tensor]]:
    """Pass blocks on; raise ContractError at the end where pairs could be ranked and all of them score -inf."""
    ranked_pairs = finite_pairs = 0
    for block, ranked in corrected:
        ranked_pairs += int(ranked.sum())
        finite_pairs += int((block.scores > -math.inf).sum())
        yield block, ranked
    if ranked_pairs and not finite_pairs:
        raise ContractError(owner, "finite", f"all {ranked_pairs} scores that could be ranked are -inf")
