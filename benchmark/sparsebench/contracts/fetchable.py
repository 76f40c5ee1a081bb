"""Base of things that may have to be downloaded before they can be used."""

from __future__ import annotations

from collections.abc import Sequence


class Fetchable:
    """Base of models and collections whose files may have to be downloaded."""

    def missing(self) -> Sequence[str]:
        """Return what is not at hand and where to get it, one line each; touches no network."""
        return ()

    def fetch(self) -> None:
        """Download what is missing."""
