"""The contract of a model: what all keep, and which rules an encoder and a scorer keep beside."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, get_args

from sparsebench.contracts import CollectionModel, PairedEncoder, Scorer, VectorModel
from sparsebench.testing.checks import Check, ExpectedFailures, Subject, bind, require, run_all
from sparsebench.testing.common import COMMON, same_json
from sparsebench.testing.encoders import ENCODER_RULES, FITTED_RULES, EncoderSubject
from sparsebench.testing.isolation import no_network, no_torch
from sparsebench.testing.paired import PAIRED_RULES, PairedSubject
from sparsebench.testing.scorers import SCORER_RULES
from sparsebench.types import Json, Role


def model_checks(make: Callable[[], Any], *, expected_failures: ExpectedFailures | None = None) -> list[Check]:
    """The checks of a model: `make` makes one, e.g. `lambda: MyModel(checkpoint="folder")`; what it needs is at hand.

    An encoder is loaded (or fitted) on the CPU, a scorer asked for ids, a paired encoder shown pictures: all with
    `sparsebench.testing.texts`.
    expected_failures: names of checks -> why they are known to fail.
    """
    subject = Subject(make)
    if issubclass(subject.factory, Scorer):
        return bind((*RULES, *SCORER_RULES), subject, expected_failures)
    if issubclass(subject.factory, PairedEncoder):
        return bind((*RULES, *PAIRED_RULES), PairedSubject(make), expected_failures)
    fitted = FITTED_RULES if issubclass(subject.factory, CollectionModel) else ()
    return bind((*RULES, *ENCODER_RULES, *fitted), EncoderSubject(make), expected_failures)


def check_model(make: Callable[[], Any], *, expected_failures: ExpectedFailures | None = None) -> None:
    """Run `model_checks`; raises Violation that lists all failures."""
    run_all(model_checks(make, expected_failures=expected_failures))


def is_a_model(model: Subject[Any]) -> None:
    """It derives from sparsebench.SparseEncoder, CollectionModel, VectorsById, PairedEncoder or Scorer."""
    require(
        issubclass(model.factory, (VectorModel, PairedEncoder, Scorer)), f"{model.factory.__name__} is none of them"
    )


def what_is_missing_is_told_without_network(model: Subject[Any]) -> None:
    """`missing` touches no network, imports no torch, and returns lines of text: none here, where all is at hand."""
    with no_network(), no_torch():
        lines = list(model.make().missing())
    require(not lines, f"not at hand: {lines}")


def its_identity_is_stable(model: Subject[Any]) -> None:
    """`identity` is JSON, the same from two objects, and needs neither torch nor network."""
    with no_network(), no_torch():
        first, second = (_identities(model.make()) for _ in range(2))
    same_json(first, second, "identity")


def _identities(made: Any) -> Json:
    roles: tuple[Role, ...] = get_args(Role)
    return {role: dict(made.identity_of(role)) for role in roles}


RULES = (is_a_model, *COMMON, what_is_missing_is_told_without_network, its_identity_is_stable)
