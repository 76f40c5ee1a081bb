"""The contract of a postprocessor, rule by rule (METHODS 3)."""

from __future__ import annotations

from collections.abc import Callable
from typing import get_args

import numpy as np

from sparsebench.contracts import Postprocessor
from sparsebench.errors import ContractError, SparsebenchError
from sparsebench.search.postprocess import TOLERANCE
from sparsebench.testing.bounds import bounds_rule_out_no_better_document
from sparsebench.testing.checks import Check, ExpectedFailures, Subject, bind, require, run_all
from sparsebench.testing.common import COMMON, close
from sparsebench.testing.isolation import no_network
from sparsebench.testing.scores import (
    DOCUMENTS,
    QUERIES,
    apply,
    as_array,
    as_blocks,
    awkward_scores,
    bank_scores,
    correct,
    fit,
    query_scores,
)
from sparsebench.types import Sees

Method = Subject[Postprocessor]


def postprocessor_checks(
    make: Callable[[], Postprocessor], *, expected_failures: ExpectedFailures | None = None
) -> list[Check]:
    """The checks of a postprocessor: `make` makes one, e.g. `lambda: MyMethod(tau=0.5)`.

    expected_failures: names of checks -> why they are known to fail. With pytest, one test a check:
    `@pytest.mark.parametrize("check", postprocessor_checks(MyMethod), ids=str)`.
    """
    return bind((is_a_postprocessor, *COMMON, *RULES), Subject(make), expected_failures)


def check_postprocessor(
    make: Callable[[], Postprocessor], *, expected_failures: ExpectedFailures | None = None
) -> None:
    """Run `postprocessor_checks`; raises Violation that lists all failures."""
    run_all(postprocessor_checks(make, expected_failures=expected_failures))


def is_a_postprocessor(method: Method) -> None:
    """It derives from sparsebench.Postprocessor, and its class says what it `sees`."""
    require(issubclass(method.factory, Postprocessor), f"{method.factory.__name__} is no Postprocessor")
    sees = getattr(method.factory, "sees", None)
    require(sees in get_args(Sees), f"sees is {sees!r}; it is one of {', '.join(get_args(Sees))}")


def every_pair_gets_a_score(method: Method) -> None:
    """`apply` returns a tensor of the shape of its block, float64 or of its type: blocks may be float32 or float64."""
    for dtype in (np.float32, np.float64):
        test, bank = as_blocks(query_scores().astype(dtype)), as_blocks(bank_scores().astype(dtype))
        apply(method.make(), fit(method.make(), test, bank), test)


def identity_changes_no_score(method: Method) -> None:
    """A class that says `is_identity` sees no other query and changes no score."""
    if method.factory.is_identity:
        require(method.factory.sees == "query", f"is_identity = True, yet sees = {method.factory.sees!r}")
        found = correct(method.make(), awkward_scores(12))
        require(np.array_equal(found, awkward_scores(12)), "is_identity = True, yet scores change")


def scores_are_finite(method: Method) -> None:
    """Finite scores stay finite: negative ones, ties, queries that are alike, queries and documents without any."""
    found = correct(method.make(), awkward_scores(12), bank=awkward_scores(160))
    _require_finite(found)


def what_is_learnt_is_per_document(method: Method) -> None:
    """Arrays of the State have a value a document, to be cut by blocks, and `rows` a value a test query (`batch`)."""
    state = fit(method.make(), as_blocks(query_scores()), as_blocks(bank_scores()))
    for name, array in state.arrays.items():
        require(tuple(array.shape) == (DOCUMENTS,), f"{name} is {tuple(array.shape)}, not ({DOCUMENTS},)")
    for name, array in state.rows.items():
        require(method.factory.sees == "batch", f"rows has {name}, yet sees = {method.factory.sees!r}")
        require(tuple(array.shape) == (QUERIES,), f"{name} is {tuple(array.shape)}, not ({QUERIES},)")


def the_same_twice(method: Method) -> None:
    """Two objects give the same scores, byte for byte."""
    first, second = (correct(method.make(), query_scores()) for _ in range(2))
    require(first.tobytes() == second.tobytes(), f"up to {np.abs(first - second).max():.3g} apart")


def fitting_again_forgets(method: Method) -> None:
    """An object that was fitted on other queries before is as good as a new one."""
    used = method.make()
    correct(used, awkward_scores(12), bank=awkward_scores(160))
    found, expected = correct(used, query_scores()), correct(method.make(), query_scores())
    require(found.tobytes() == expected.tobytes(), "it remembers what it was fitted on before")


def inputs_stay_as_they_are(method: Method) -> None:
    """Nothing writes to the scores of a block: blocks are kept and shared by all cells."""
    made, test, bank = method.make(), as_blocks(query_scores()), as_blocks(bank_scores())
    apply(made, fit(made, test, bank), test)
    for blocks, before in ((test, query_scores()), (bank, bank_scores())):
        require(np.array_equal(as_array(blocks), before), "it wrote to the scores it was given")


def blocks_do_not_matter(method: Method) -> None:
    """Scores do not depend on how many documents are in a block, but for rounding."""
    whole = correct(method.make(), query_scores(), width=DOCUMENTS)
    for width in (1, 7):
        found = correct(method.make(), query_scores(), width=width)
        close(found, whole, tolerance=TOLERANCE, what=f"blocks of {width} against one block")


def what_it_sees_is_all_it_reads(method: Method) -> None:
    """Once fitted, the scores of a query are the same alone, among the others, and among entirely other ones."""
    made, scores = method.make(), query_scores()
    state = fit(made, as_blocks(scores), as_blocks(bank_scores()))
    among = apply(made, state, as_blocks(scores))[:1]
    strangers = np.concatenate([scores[:1], awkward_scores(5)])
    for what, rows in {"alone": scores[:1], "among other queries": strangers}.items():
        found = apply(made, state, as_blocks(rows))[:1]
        close(found, among, tolerance=TOLERANCE, what=f"a query {what}")


def the_order_of_queries_does_not_matter(method: Method) -> None:
    """Permuting the queries permutes the scores, and permuting the bank changes none, but for rounding."""
    scores, bank = query_scores(), bank_scores()
    rows, others = np.random.default_rng(3).permutation(len(scores)), np.random.default_rng(4).permutation(len(bank))
    found = correct(method.make(), scores[rows], bank=bank[others])
    close(found, correct(method.make(), scores)[rows], tolerance=TOLERANCE, what="queries in another order")


def the_order_of_documents_does_not_matter(method: Method) -> None:
    """Permuting the documents permutes the scores, but for rounding."""
    columns = np.random.default_rng(5).permutation(DOCUMENTS)
    found = correct(method.make(), query_scores()[:, columns], bank=bank_scores()[:, columns])
    expected = correct(method.make(), query_scores())[:, columns]
    close(found, expected, tolerance=TOLERANCE, what="documents in another order")


def one_query_is_enough_or_refused(method: Method) -> None:
    """One test query gives finite scores, or a SparsebenchError where it says nothing (`batch`)."""
    _finite_or_refused(method, query_scores()[:1], bank_scores(), may_refuse=method.factory.sees == "batch")


def one_document_is_enough_or_refused(method: Method) -> None:
    """A collection of one document gives finite scores or a SparsebenchError."""
    _finite_or_refused(method, query_scores()[:, :1], bank_scores()[:, :1])


def an_empty_bank_is_refused(method: Method) -> None:
    """A bank without queries gives finite scores or a SparsebenchError, never NaN."""
    _finite_or_refused(method, query_scores(), bank_scores()[:0])


def unseen_documents_stay_unseen(method: Method) -> None:
    """Documents that the model did not score (-inf) spoil no other score, or it raises a SparsebenchError."""
    scores, bank = query_scores(), bank_scores()
    for some in (scores, bank):
        some[::2, ::3] = -np.inf
    _finite_or_refused(method, scores, bank_scores())
    _finite_or_refused(method, scores, bank)


def it_needs_no_network(method: Method) -> None:
    """Fitting and applying touch no network."""
    with no_network():
        correct(method.make(), query_scores())


def _finite_or_refused(method: Method, scores: np.ndarray, bank: np.ndarray, *, may_refuse: bool = True) -> None:
    try:
        found = correct(method.make(), scores, bank=bank)
    except ContractError:  # NaN is no refusal
        raise
    except SparsebenchError as error:
        require(may_refuse, f"refused: {error}")
        return
    _require_finite(found[np.isfinite(scores)])


def _require_finite(found: np.ndarray) -> None:
    bad = np.count_nonzero(~np.isfinite(found))
    require(bad == 0, f"{bad} of {found.size} scores are not finite")


RULES = (
    every_pair_gets_a_score,
    identity_changes_no_score,
    scores_are_finite,
    what_is_learnt_is_per_document,
    the_same_twice,
    fitting_again_forgets,
    inputs_stay_as_they_are,
    blocks_do_not_matter,
    what_it_sees_is_all_it_reads,
    the_order_of_queries_does_not_matter,
    the_order_of_documents_does_not_matter,
    one_query_is_enough_or_refused,
    one_document_is_enough_or_refused,
    an_empty_bank_is_refused,
    unseen_documents_stay_unseen,
    bounds_rule_out_no_better_document,
    it_needs_no_network,
)
