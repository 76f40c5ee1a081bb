"""A check is one rule of the contract, bound to one plugin: a name, a sentence, and a call that raises."""

from __future__ import annotations

import inspect
import warnings
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property, partial
from typing import Generic, TypeVar

from sparsebench.errors import PluginError, described, did_you_mean, words

T = TypeVar("T")
S = TypeVar("S")

ExpectedFailures = Mapping[str, str]
"""Names of checks -> why each is known to fail."""


class Violation(AssertionError):
    """A rule is broken; the message says how.

    Example:
        >>> require(False, "scores change")
        Traceback (most recent call last):
            ...
        sparsebench.testing.checks.Violation: scores change
    """


class ExpectedFailure(UserWarning):
    """A check failed as it was expected to.

    Example:
        >>> import warnings
        >>> with warnings.catch_warnings(record=True) as caught:
        ...     warnings.simplefilter("always")
        ...     Check("is_even", "Numbers are even.", lambda: require(False, "3 is odd"), reason="known")()
        >>> caught[0].category.__name__
        'ExpectedFailure'
    """


def require(condition: bool, message: str) -> None:
    """Raise Violation unless the condition holds. An `assert` would vanish under `python -O`."""
    if not condition:
        raise Violation(message)


@dataclass(frozen=True)
class Subject(Generic[T]):
    """Subject of the checks: a call without arguments that makes the plugin's object."""

    make: Callable[[], T]

    @cached_property
    def factory(self) -> type[T]:
        """The class of the object, which is what a plugin registers."""
        return type(self.make())


@dataclass(frozen=True)
class Check:
    """One rule, bound to one plugin; `str` is its name, so pytest takes `ids=str`.

    rule: the rule in a sentence. reason: why it is expected to fail, None where it is not.

    Example:
        >>> Check("is_even", "Numbers are even.", lambda: require(3 % 2 == 0, "3 is odd")).failure()
        Violation('3 is odd')
    """

    name: str
    rule: str
    run: Callable[[], None]
    reason: str | None = None

    def __str__(self) -> str:
        return self.name

    def failure(self) -> Exception | None:
        """Run it, and return what went wrong."""
        try:
            self.run()
        except Exception as error:  # a stranger's code may raise anything
            return error
        return None

    def __call__(self) -> None:
        """Raise what went wrong. A failure that is expected warns instead; one that is expected and gone is wrong."""
        error = self.failure()
        if self.reason is None:
            if error is not None:
                raise error
        elif error is None:
            raise Violation(f"{self.name} passes, and was expected to fail ({self.reason}): expect it no longer")
        else:
            warnings.warn(
                f"{self.name} fails as expected ({self.reason}): {words(error)}", ExpectedFailure, stacklevel=2
            )


def bind(rules: Sequence[Callable[[S], None]], subject: S, expected_failures: ExpectedFailures | None) -> list[Check]:
    """A check for each rule, a function whose docstring is a sentence. Raises PluginError for unknown names."""
    names = [rule.__name__ for rule in rules]
    expected = dict(expected_failures or {})
    for name in expected:
        if name not in names:
            raise PluginError(f"expected_failures: there is no check {name!r} here.{did_you_mean(name, names)}")
    return [
        Check(rule.__name__, inspect.getdoc(rule) or "", partial(rule, subject), expected.get(rule.__name__))
        for rule in rules
    ]


def run_all(checks: Sequence[Check]) -> None:
    """Run every check; raise one Violation that lists all failures, each with its rule."""
    failures = []
    for check in checks:
        try:
            check()
        except Exception as error:
            failures.append(f"{check.name}: {check.rule}\n  {described(error)}")
    require(not failures, f"{len(failures)} of {len(checks)} checks failed\n" + "\n".join(failures))
