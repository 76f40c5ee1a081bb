"""A sound method passes every check, and for each check there is a method that it finds out."""

from __future__ import annotations

import contextlib
import urllib.request
from dataclasses import replace
from typing import Any, ClassVar

import pytest
import torch

from sparsebench import Block, FitContext, Postprocessor, ScoreBlocks, State
from sparsebench.errors import ScoreError
from sparsebench.testing import Violation, check_postprocessor, postprocessor_checks
from sparsebench.testing.postprocessors import RULES
from sparsebench.types import Sees


class Mean(Postprocessor):
    """Sound: scores minus half the mean of the bank."""

    sees: ClassVar[Sees] = "bank"

    def __init__(self, *, strength: float = 0.5) -> None:
        self.strength = strength

    def fit(self, blocks: ScoreBlocks, context: FitContext) -> State:
        if not blocks.shape[0]:
            raise ScoreError("the bank is empty")
        mean = torch.cat([block.scores.double().mean(dim=0) for block in blocks])
        if mean.isinf().any():
            raise ScoreError("some documents are unseen")
        return State({"mean": mean})

    def apply(self, block: Block, state: State, row_stats: Any) -> torch.Tensor:
        return block.scores.double() - self.strength * state.arrays["mean"][block.columns]


class BoundedMean(Mean):
    """Sound: its float32 keys are off by a few roundings, as it says; they are a tenth of what `apply` returns."""

    roundings: ClassVar[float] = 8

    def bounds(self, block: Block, state: State, row_stats: Any) -> tuple[torch.Tensor, torch.Tensor]:
        scores, mean = block.scores.float() / 10, state.arrays["mean"][block.columns].float() / 10
        largest = scores.abs().amax(dim=1, keepdim=True) + mean.abs().amax()
        return scores - self.strength * mean, self.roundings * 2.0**-24 * largest + 1e-30


class TightBounds(BoundedMean):
    roundings: ClassVar[float] = 0


class BoundsOfABlock(BoundedMean):
    def bounds(self, block: Block, state: State, row_stats: Any) -> tuple[torch.Tensor, torch.Tensor]:
        keys, error = super().bounds(block, state, row_stats)
        return keys - keys.amax(dim=1, keepdim=True), error


class BatchMean(Mean):
    """Sound: it sees the test queries, and accepts one."""

    sees: ClassVar[Sees] = "batch"


class FewScores(Mean):
    def apply(self, block: Block, state: State, row_stats: Any) -> torch.Tensor:
        return super().apply(block, state, row_stats)[:, :1].long()


class NotTheSame(Mean):
    is_identity: ClassVar[bool] = True


class Logarithm(Mean):
    def apply(self, block: Block, state: State, row_stats: Any) -> torch.Tensor:
        return block.scores.double().log()


class PerQuery(Mean):
    def fit(self, blocks: ScoreBlocks, context: FitContext) -> State:
        return State({**super().fit(blocks, context).arrays, "seen": torch.zeros(blocks.shape[0])})


class Random(Mean):
    def apply(self, block: Block, state: State, row_stats: Any) -> torch.Tensor:
        return block.scores.double() + torch.rand(block.scores.shape, dtype=torch.float64)


class RunningMean(Mean):
    def __init__(self) -> None:
        super().__init__()
        self.past: list[torch.Tensor] = []

    def fit(self, blocks: ScoreBlocks, context: FitContext) -> State:
        self.past.append(super().fit(blocks, context).arrays["mean"])
        return State({"mean": torch.stack([each for each in self.past if len(each) == len(self.past[-1])]).mean(dim=0)})


class InPlace(Mean):
    def apply(self, block: Block, state: State, row_stats: Any) -> torch.Tensor:
        return block.scores.mul_(0.5).double()


class BlockSoftmax(Mean):
    def apply(self, block: Block, state: State, row_stats: Any) -> torch.Tensor:
        return block.scores.double().softmax(dim=1)


class Peeking(Mean):
    """Claims to see the bank, and subtracts the mean of the test queries that happen to be beside."""

    def apply(self, block: Block, state: State, row_stats: Any) -> torch.Tensor:
        return block.scores.double() - block.scores.double().mean(dim=0)


class FirstCounts(Mean):
    def fit(self, blocks: ScoreBlocks, context: FitContext) -> State:
        return State({"mean": torch.cat([block.scores[:1].double().mean(dim=0) for block in blocks])})


class ByPosition(Mean):
    def apply(self, block: Block, state: State, row_stats: Any) -> torch.Tensor:
        return block.scores.double() + torch.arange(block.columns.start, block.columns.stop)


class Unbiased(Mean):
    """The standard deviation of one value is NaN."""

    sees: ClassVar[Sees] = "batch"

    def fit(self, blocks: ScoreBlocks, context: FitContext) -> State:
        return State({"mean": torch.cat([block.scores.double().std(dim=0) for block in blocks])})


class AcrossDocuments(Mean):
    def row_stats(self, blocks: ScoreBlocks, state: State) -> dict[str, torch.Tensor]:
        return {"spread": torch.cat([block.scores.double() for block in blocks], dim=1).std(dim=1, keepdim=True)}

    def apply(self, block: Block, state: State, row_stats: Any) -> torch.Tensor:
        return block.scores.double() / row_stats["spread"]


class EmptyMean(Mean):
    def fit(self, blocks: ScoreBlocks, context: FitContext) -> State:
        return State({"mean": torch.cat([block.scores.double().mean(dim=0) for block in blocks])})


class Centred(AcrossDocuments):
    """A row's mean, which one unseen document makes infinite."""

    def row_stats(self, blocks: ScoreBlocks, state: State) -> dict[str, torch.Tensor]:
        return {"spread": torch.cat([block.scores.double() for block in blocks], dim=1).mean(dim=1, keepdim=True) + 9}

    def apply(self, block: Block, state: State, row_stats: Any) -> torch.Tensor:
        return block.scores.double() - row_stats["spread"]


class Calling(Mean):
    def fit(self, blocks: ScoreBlocks, context: FitContext) -> State:
        with contextlib.suppress(OSError):
            urllib.request.urlopen("http://example.invalid")
        return super().fit(blocks, context)


class Positional(Mean):
    def __init__(self, strength: float = 0.5) -> None:
        super().__init__(strength=strength)


class Costly(Mean):
    def __init__(self) -> None:
        import torch.nn

        self.layer = torch.nn.Identity()
        super().__init__()


class Blind(Mean):
    sees: ClassVar[Any] = "nothing"


class RowsOfABank(Mean):
    """Keeps a value a bank query, which no block of test queries can find again."""

    def fit(self, blocks: ScoreBlocks, context: FitContext) -> State:
        return replace(super().fit(blocks, context), rows={"seen": torch.zeros(blocks.shape[0])})


OFFENDERS: dict[str, type[Postprocessor]] = {
    "is_a_postprocessor": Blind,
    "parameters_are_named_and_typed": Positional,
    "importing_it_imports_no_torch": Mean,  # this very module imports it
    "making_it_is_cheap": Costly,
    "every_pair_gets_a_score": FewScores,
    "identity_changes_no_score": NotTheSame,
    "scores_are_finite": Logarithm,
    "what_is_learnt_is_per_document": PerQuery,
    "the_same_twice": Random,
    "fitting_again_forgets": RunningMean,
    "inputs_stay_as_they_are": InPlace,
    "blocks_do_not_matter": BlockSoftmax,
    "what_it_sees_is_all_it_reads": Peeking,
    "the_order_of_queries_does_not_matter": FirstCounts,
    "the_order_of_documents_does_not_matter": ByPosition,
    "one_query_is_enough_or_refused": Unbiased,
    "one_document_is_enough_or_refused": AcrossDocuments,
    "an_empty_bank_is_refused": EmptyMean,
    "unseen_documents_stay_unseen": Centred,
    "bounds_rule_out_no_better_document": TightBounds,
    "it_needs_no_network": Calling,
}


@pytest.mark.filterwarnings("ignore::UserWarning")
@pytest.mark.parametrize(("name", "offender"), OFFENDERS.items(), ids=list(OFFENDERS))
def test_a_method_that_breaks_a_rule_is_found_out_by_its_check(name: str, offender: type[Postprocessor]) -> None:
    (check,) = [check for check in postprocessor_checks(offender) if str(check) == name]
    assert check.failure() is not None


def test_values_a_row_are_for_methods_that_saw_the_rows() -> None:
    (check,) = [check for check in postprocessor_checks(RowsOfABank) if str(check).startswith("what_is_learnt")]
    assert "rows has seen, yet sees = 'bank'" in str(check.failure())


@pytest.mark.parametrize("wrong", [TightBounds, BoundsOfABlock])
def test_bounds_that_would_rule_out_a_better_document_are_named(wrong: type[Postprocessor]) -> None:
    (check,) = [check for check in postprocessor_checks(wrong) if str(check).startswith("bounds_rule_out")]
    assert "the bounds of `bounds` are too small for" in str(check.failure())
    assert "of query row 0, document" in str(check.failure())


def test_every_rule_has_a_method_that_breaks_it() -> None:
    assert [str(check) for check in postprocessor_checks(Mean)] == list(OFFENDERS)
    assert {rule.__name__ for rule in RULES} <= set(OFFENDERS)


KNOWN = {"importing_it_imports_no_torch": "this test module imports torch"}


@pytest.mark.parametrize("sound", [Mean, BoundedMean, BatchMean])
@pytest.mark.filterwarnings("ignore::sparsebench.testing.ExpectedFailure")
def test_a_sound_method_passes_every_check(sound: type[Postprocessor]) -> None:
    check_postprocessor(sound, expected_failures=KNOWN)


@pytest.mark.filterwarnings("ignore::sparsebench.testing.ExpectedFailure")
def test_the_failures_of_a_method_are_told_together() -> None:
    with pytest.raises(Violation) as error:
        check_postprocessor(Peeking, expected_failures=KNOWN)
    assert "what_it_sees_is_all_it_reads: Once fitted, the scores of a query are the same alone" in str(error.value)
    assert "a query alone: up to" in str(error.value)
