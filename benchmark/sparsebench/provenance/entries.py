"""Entry points of installed plugins, which any tool or hand may have written."""

from __future__ import annotations

from importlib.metadata import EntryPoint


def module_of(entry: EntryPoint) -> str | None:
    """The module that an entry point names; None for a value that is no `module` or `module:attribute`."""
    # `EntryPoint.module` raises AttributeError for such a value.
    return entry.module if entry.pattern.match(entry.value) else None
