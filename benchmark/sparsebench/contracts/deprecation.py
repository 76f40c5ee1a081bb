"""Warnings for deprecated parts of the contract: once a process, with the successor and the version of removal."""

from __future__ import annotations

import functools
import warnings
from collections.abc import Callable
from dataclasses import dataclass
from typing import ParamSpec, TypeVar

P = ParamSpec("P")
R = TypeVar("R")

_TOLD: set[Deprecation] = set()


@dataclass(frozen=True, kw_only=True)
class Deprecation:
    """A part of the contract that still works and will go.

    Example:
        RENAMED = Deprecation(what="GroupContext.search", since="0.4", successor="GroupContext.ranking", goes_with=2)

        @RENAMED.on
        def search(self): ...

    A hook is marked by `@hookspec(warn_on_impl=RENAMED.warning)`: pluggy warns when a plugin that has it registers.
    """

    what: str
    """The name as plugin authors write it."""
    since: str
    """Release of the harness that tells it first."""
    successor: str
    """What to write instead."""
    goes_with: int
    """Version of the contract (API_VERSION) that has it no more."""

    @property
    def warning(self) -> DeprecationWarning:
        """The warning, for what takes one."""
        return DeprecationWarning(
            f"{self.what} is deprecated since {self.since}, use {self.successor}; "
            f"it goes with version {self.goes_with} of the contract"
        )

    def warn(self, *, stacklevel: int = 2) -> None:
        """Warn, the first time in this process. stacklevel: as `warnings.warn` has it, 2 for who called the caller."""
        if self not in _TOLD:
            _TOLD.add(self)
            warnings.warn(self.warning, stacklevel=stacklevel + 1)

    def on(self, call: Callable[P, R]) -> Callable[P, R]:
        """Make a function or a method warn when it is called; it works as before."""

        @functools.wraps(call)
        def warned(*args: P.args, **kwargs: P.kwargs) -> R:
            self.warn()
            return call(*args, **kwargs)

        return warned
