"""What goes from the contract is told once, with its successor and the version that has it no more."""

from __future__ import annotations

import types
import warnings
from uuid import uuid4

import pluggy
import pytest

from sparsebench.contracts.deprecation import Deprecation
from sparsebench.contracts.hookspecs import PROJECT, hookimpl, hookspec

TOLD = r"^{} is deprecated since 0\.4, use ranking; it goes with version 2 of the contract$"


def deprecation() -> Deprecation:
    """One that was never told before."""
    return Deprecation(what=f"search{uuid4().hex}", since="0.4", successor="ranking", goes_with=2)


def test_what_is_deprecated_works_and_tells_its_caller_once() -> None:
    old = deprecation()

    class Context:
        @old.on
        def search(self, depth: int) -> int:
            return depth + 1

    with pytest.warns(DeprecationWarning, match=TOLD.format(old.what)) as told:
        assert [Context().search(1), Context().search(depth=2)] == [2, 3]
    (warning,) = told
    assert warning.filename == __file__


def test_each_deprecation_is_told() -> None:
    first, second = deprecation(), deprecation()
    with warnings.catch_warnings(record=True) as told:
        warnings.simplefilter("always")
        for each in (first, second, first, second):
            each.warn()
    assert len(told) == 2


def test_a_hook_that_is_deprecated_warns_when_a_plugin_has_it() -> None:
    old = deprecation()

    @hookspec(warn_on_impl=old.warning)
    def register_old() -> None:
        """A hook that goes."""

    @hookimpl
    def implemented() -> None:
        """A plugin's."""

    manager = pluggy.PluginManager(PROJECT)
    manager.add_hookspecs(types.SimpleNamespace(register_old=register_old))
    with pytest.warns(DeprecationWarning, match=TOLD.format(old.what)):
        manager.register(types.SimpleNamespace(register_old=implemented))


def test_nothing_that_the_box_uses_is_deprecated() -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("error", DeprecationWarning)
        from sparsebench.registry.registry import Registry

        assert not Registry.discover().broken
