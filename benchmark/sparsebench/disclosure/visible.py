"""Texts of others (documents, ids, labels) on a terminal and in tables: control characters are shown, not obeyed."""

from __future__ import annotations

import re
import unicodedata

_CONTROL = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069\ud800-\udfff]")
"""All but tab and newline: those of terminals, those that turn the direction of text, halves of surrogate pairs."""


def shown(text: str) -> str:
    r"""Lines without a control character that a terminal would obey.

    >>> shown("a\tb\n\x1b[2Jc")
    'a\tb\n<U+001B>[2Jc'
    """
    return _CONTROL.sub(_named, text.replace("\r\n", "\n"))


def visible(text: str) -> str:
    r"""One line without control characters: white space becomes a blank, the rest is named.

    >>> visible("a\tb\x1b[2J")
    'a b<U+001B>[2J'
    """
    blank = "".join(" " if character.isspace() else character for character in text)
    return "".join(f"<U+{ord(c):04X}>" if unicodedata.category(c) in ("Cc", "Cf", "Cs", "Co") else c for c in blank)


def _named(found: re.Match[str]) -> str:
    return f"<U+{ord(found[0]):04X}>"
