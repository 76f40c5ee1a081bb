"""Tokens of the texts that come next, split in a thread beside the work on a device."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from concurrent.futures import Future, ThreadPoolExecutor

Tokens = tuple[list[list[int]], int]
"""Ids of each text, and how many texts were cut."""


class Foreseen:
    """Tokens of the list of texts that comes next, made in a thread; at most one list at a time.

    Example: `foreseen.begin(texts, tokenize)` and later, with the same texts, `foreseen.tokens(texts)`.
    """

    def __init__(self) -> None:
        self._texts: Sequence[str] | None = None
        self._tokens: Future[Tokens] | None = None

    def begin(self, texts: Sequence[str], tokenize: Callable[[Sequence[str]], Tokens]) -> None:
        """Start splitting, in a thread that ends with it."""
        pool = ThreadPoolExecutor(1)
        self._texts, self._tokens = texts, pool.submit(tokenize, texts)
        pool.shutdown(wait=False)

    def tokens(self, texts: Sequence[str]) -> Tokens | None:
        """The tokens of these texts, waited for; None where others were foreseen, or none."""
        if self._tokens is None or self._texts is None or list(texts) != list(self._texts):
            return None
        found, self._texts, self._tokens = self._tokens.result(), None, None
        return found
