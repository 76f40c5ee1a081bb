"""The tree of errors a user can fix. Anything else that is raised is ours to fix, and prints its traceback."""

from __future__ import annotations

import difflib
import warnings
from collections.abc import Iterable
from pathlib import Path

from sparsebench.disclosure.visible import shown

__all__ = [
    "CollectionError",
    "ModelError",
    "NotAtHandError",
    "PluginError",
    "ScoreError",
    "SparsebenchError",
    "StoreError",
    "SuiteError",
    "TrainingError",
    "did_you_mean",
]

MOST_NAMES = 20


class SparsebenchError(Exception):
    """Something a user can fix. The message says what was asked, where, what exists and what to do."""


class SuiteError(SparsebenchError):
    """One or several mistakes in a suite file; one line each, `file:line:column: what`."""


class PluginError(SparsebenchError):
    """A plugin is unknown, broken, named twice, or breaks its contract."""


class ContractError(PluginError):
    """What a plugin returned, or did to what it was given, breaks a rule of `sparsebench.contracts`.

    rule: its name, e.g. `positive`.
    """

    def __init__(self, owner: str, rule: str, found: str) -> None:
        super().__init__(f"{owner} breaks the contract, rule `{rule}`: {found}")
        self.rule = rule


class CollectionError(SparsebenchError):
    """A test collection is not at hand, or its files break a rule."""


class NotAtHandError(SparsebenchError):
    """Files that have to be downloaded or put somewhere first: all of them, and where to get them."""


class ModelError(SparsebenchError):
    """A model cannot be loaded safely and completely."""


class TrainingError(SparsebenchError):
    """A recipe cannot be trained as it stands: its data lack something, or the training collapsed."""


class ScoreError(SparsebenchError):
    """Scores that a postprocessor or a measure cannot work with (NaN, a scale of 0, an empty bank)."""


class StoreError(SparsebenchError):
    """The store or a record cannot be read or written."""


FAILURES = (Exception, SystemExit)
"""What a stranger's code may raise that must cost itself only. An interruption is none: it is the user's."""


def reason(error: BaseException) -> str:
    """Why something failed, in a line: the message of an error that a user can fix, for others with their type."""
    if isinstance(error, SystemExit):
        return f"SystemExit({error.code!r}): a plugin must not end the process; let it raise an error"
    return str(error) if isinstance(error, SparsebenchError) else f"{type(error).__name__}: {error}"


def plain_warnings() -> None:
    """Print our own warnings as a line of text, without the place in our code; others as Python does."""
    before = warnings.formatwarning

    def format_warning(
        message: Warning | str, category: type[Warning], filename: str, lineno: int, line: str | None = None
    ) -> str:
        ours = Path(filename).is_relative_to(Path(__file__).parent)
        return f"{shown(str(message))}\n" if ours else before(message, category, filename, lineno, line)

    warnings.formatwarning = format_warning


def did_you_mean(asked: str, known: Iterable[str]) -> str:
    """Return `" Did you mean 'x'?"` for the closest of `known`, or what there is to choose from."""
    names = sorted(known)
    close = difflib.get_close_matches(asked, names, n=1)
    if close:
        return f" Did you mean {close[0]!r}?"
    more = f" and {len(names) - MOST_NAMES} more" if len(names) > MOST_NAMES else ""
    return f" There is: {', '.join(names[:MOST_NAMES])}{more}." if names else ""
