"""The command line as a person calls it."""

from __future__ import annotations

import sys

import pytest

from sparsebench.cli import main


def sparsebench(monkeypatch: pytest.MonkeyPatch, *words: str) -> int:
    """The exit code of `sparsebench WORDS`."""
    monkeypatch.setattr(sys, "argv", ["sparsebench", *words])
    with pytest.raises(SystemExit) as stop:
        main()
    assert isinstance(stop.value.code, int)
    return stop.value.code
