"""Mask folders of this machine and values of its environment in what is written down for others.

A suite may name variables (`${MODELS}/x`, `${TOKEN}`), and messages and plugins repeat what they were given. What was
named is remembered here, for the whole process, because such text comes back from anywhere.
"""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Mapping, Sequence
from pathlib import PurePath

from sparsebench.types import Json

_SHORTEST = 16
"""Characters of a value that is replaced within texts, wherever it stands; `bm25` may be a variable's value too."""

_SECRET = re.compile(r"TOKEN|SECRET|PASSWORD|PASSWD|API_?KEY|CREDENTIAL", re.IGNORECASE)
_SHORTEST_SECRET = 6
_PART = r"[^\s/\\'\"`:,;<>|()\[\]{}]+"
_PATHS = (
    re.compile(rf"(?<![\w/.~:}}-])(?:file://)?/(?:{_PART}/+)+({_PART})?"),
    re.compile(rf"(?<!\w)[A-Za-z]:[\\/](?:{_PART}[\\/]+)*({_PART})?"),
)

_written: dict[str, str] = {}
"""Text of a suite with its variables filled in -> as it stands in the suite."""
_values: dict[str, str] = {}
"""Value of a variable that a suite named -> `${NAME}`."""


def remember(filled_in: str, written: str, values: Mapping[str, str]) -> None:
    """Note that a text of a suite was filled in. values: name -> value, of the variables in it."""
    _written[filled_in] = written
    _values.update({value: f"${{{name}}}" for name, value in values.items()})


def as_written(value: Json) -> Json:
    """A parameter of a suite with the names of its variables, as it stands there; what has none stays as it is."""
    return _each_text(value, lambda text: _written.get(text, text))


def hidden(value: Json) -> Json:
    """JSON with, in every text, the names of variables for their values, and the last part of absolute paths.

    What is no JSON is returned as it is.
    """
    named = {value: name for value, name in _values.items() if _is_path(value) or len(value) >= _SHORTEST}
    replacements = _longest_first({**named, **_secrets()})
    return _each_text(value, lambda text: _hidden_text(text, replacements))


def without_values(text: str) -> str:
    """A message to the user, who may see folders, without the other values of variables."""
    named = {value: name for value, name in _values.items() if not _is_path(value) and len(value) >= _SHORTEST_SECRET}
    for value, name in _longest_first({**named, **_secrets()}):
        text = text.replace(value, name)
    return text


def is_absolute(text: str) -> bool:
    """Return whether a text begins as an absolute path of any system does."""
    return text.startswith(("/", "\\\\", "file:/")) or re.match(r"[A-Za-z]:[\\/]", text) is not None


def _hidden_text(text: str, replacements: Sequence[tuple[str, str]]) -> str:
    for value, name in replacements:
        text = text.replace(value, name)
    if text.startswith("/") and "\n" not in text and ": " not in text and PurePath(text).name:
        return PurePath(text).name  # all of it, blanks in it too
    for pattern in _PATHS:
        text = pattern.sub(lambda found: found[1] or "", text)
    return text


def _secrets() -> dict[str, str]:
    """Variables whose names say that nobody should see them, whether a suite names them or not."""
    return {
        value: f"${{{name}}}"
        for name, value in os.environ.items()
        if len(value) >= _SHORTEST_SECRET and _SECRET.search(name)
    }


def _longest_first(named: Mapping[str, str]) -> list[tuple[str, str]]:
    return sorted(named.items(), key=lambda pair: len(pair[0]), reverse=True)


def _is_path(value: str) -> bool:
    return len(value) > 2 and is_absolute(value)


def _each_text(value: Json, change: Callable[[str], str]) -> Json:
    if isinstance(value, str):
        return change(value)
    if isinstance(value, Mapping):
        return {_each_text(name, change): _each_text(each, change) for name, each in value.items()}
    if isinstance(value, list | tuple):
        return [_each_text(each, change) for each in value]
    return value
