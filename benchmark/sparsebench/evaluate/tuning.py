"""Choose parameters on development queries, never on test queries (METHODS 3.7)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from itertools import product

from sparsebench.collection.bank import normalised, untested
from sparsebench.collection.topics import folds
from sparsebench.contracts import Postprocessor
from sparsebench.errors import CollectionError
from sparsebench.evaluate.group import Evaluation
from sparsebench.evaluate.ranking import rank_topics, run_of
from sparsebench.evaluate.stage import BankFold
from sparsebench.measures import aggregate, better_when_larger, measure
from sparsebench.planning import PlannedCell
from sparsebench.provenance import Stopwatch
from sparsebench.records import Trial, Tuning
from sparsebench.types import Topics

FOLDS = 5


def tune(evaluation: Evaluation, cell: PlannedCell) -> Tuning:
    """Try every combination on the development queries; the first of the best wins.

    While tuning, development queries stand in for test queries, so they leave the bank: where bank and development
    queries overlap, each of five folds is ranked with a bank without that fold. Where the bank's own documents are
    ranked, the answers to the rest of the bank leave them (see BankFold).
    """
    spec, dev = cell.spec.tune, evaluation.collection.dev
    assert spec is not None
    if dev is None or not dev.queries:
        raise CollectionError(
            f"{cell.spec.label!r} is tuned on development queries, and collection "
            f"{evaluation.collection.spec.label!r} names none. Add `dev:`, e.g. `dev: {{split: train}}`, or carve them "
            "out of its own queries: `dev: {split: hash, share: 0.2, seed: 0}`."
        )
    grid = [dict(zip(spec.parameters, values, strict=True)) for values in product(*spec.parameters.values())]
    tried = []
    with evaluation.progress.step(f"tune {cell.spec.label}", len(grid), "values") as advance:
        for parameters in grid:
            value = _dev_value(evaluation.tuning, cell, cell.make(**parameters), dev)
            tried.append(Trial(parameters=parameters, value=value))
            advance(1)
    best = (max if better_when_larger(spec.measure) else min)(tried, key=lambda trial: trial.value)
    return Tuning(on="dev", queries=len(dev.queries), measure=spec.measure, chosen=best.parameters, tried=tuple(tried))


def _dev_value(evaluation: Evaluation, cell: PlannedCell, postprocessor: Postprocessor, dev: Topics) -> float:
    assert cell.spec.tune is not None
    bank = evaluation.collection.bank
    run: dict[str, Mapping[str, float]] = {}
    ranks: dict[str, int] | None = {}
    for part in _parts(postprocessor, dev, bank):
        stage = BankFold.of(evaluation, part, dev) if _on_bank(evaluation) and part is not dev else evaluation
        outcome = rank_topics(stage, _capped(cell, evaluation, part), postprocessor, part, bank, Stopwatch())
        run.update(run_of(stage, outcome.ranking, part))
        found = outcome.ranks(part)
        ranks = None if ranks is None or found is None else ranks | found
    name = cell.spec.tune.measure
    return aggregate(
        measure(run, evaluation.answers.judged(dev.qrels), [name], depth=evaluation.group.depth, first_ranks=ranks)
    )[name]


def _capped(cell: PlannedCell, evaluation: Evaluation, part: Topics) -> PlannedCell:
    """The cell with a sample no larger than what is left of the bank while development queries are out of it."""
    bank, sample, same = evaluation.collection.bank, cell.spec.bank, evaluation.collection.bank_is_same_collection
    if bank is None or sample is None:
        return cell
    left = max(1, len(untested(bank.queries, part, same_collection=same)))
    smaller = sample.model_copy(update={"size": min(sample.size, left)})
    return replace(cell, spec=cell.spec.model_copy(update={"bank": smaller}))


def _parts(postprocessor: Postprocessor, dev: Topics, bank: Topics | None) -> Sequence[Topics]:
    """The development queries whole, or in folds where a bank would otherwise be left without them all."""
    if postprocessor.sees != "bank" or bank is None or not _texts(bank) & _texts(dev):
        return [dev]
    return folds(dev, min(FOLDS, len(dev.queries)), seed=0)


def _on_bank(evaluation: Evaluation) -> bool:
    dev = evaluation.collection.spec.dev
    return dev is not None and dev.split == "bank"


def _texts(topics: Topics) -> set[str]:
    return {normalised(query.text) for query in topics.queries}
