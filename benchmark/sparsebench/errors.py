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
    """Mistake or lack that a user can fix. The message says what was asked, where, what exists and what to do.

    Example:
        try:
            results = sparsebench.run("suite.yaml")
        except SparsebenchError as error:
            print(error)
    """


class SuiteError(SparsebenchError):
    """One or several mistakes in a suite file; one line each, `file:line:column: what`.

    Example:
        >>> from sparsebench.measures import fast_measure
        >>> fast_measure("nDGC@10")
        Traceback (most recent call last):
            ...
        sparsebench.errors.SuiteError: measure 'nDGC@10' has no fast form. Did you mean 'nDCG@10'?
    """


class PluginError(SparsebenchError):
    """A plugin is unknown, broken, named twice, or breaks its contract.

    Example:
        >>> from sparsebench import CollectionPlugin
        >>> CollectionPlugin("tea")
        Traceback (most recent call last):
            ...
        sparsebench.errors.PluginError: the collection 'tea' needs exactly one of `folder` and `source`
    """


class ContractError(PluginError):
    """A plugin's result, or its effect on what it was given, breaks a rule of `sparsebench.contracts`.

    rule: its name, e.g. `positive`.
    """

    def __init__(self, owner: str, rule: str, found: str) -> None:
        super().__init__(f"{owner} breaks the contract, rule `{rule}`: {found}")
        self.rule = rule


class CollectionError(SparsebenchError):
    """A test collection is not at hand, or its files break a rule.

    Example:
        >>> from sparsebench.collection import BeirFolder
        >>> list(BeirFolder(Path("no_such_folder"), "tea").documents())  # doctest: +ELLIPSIS
        Traceback (most recent call last):
            ...
        sparsebench.errors.CollectionError: tea: there is no no_such_folder/corpus.jsonl; ...
    """


class NotAtHandError(SparsebenchError):
    """Files that have to be downloaded or put somewhere first: all of them, and where to get them.

    Example: `sparsebench fetch SUITE` gets what `sparsebench run SUITE --offline` lists in this error.
    """


class ModelError(SparsebenchError):
    """A model cannot be loaded safely and completely.

    Example:
        >>> from sparsebench.encoding import cpu_engine
        >>> cpu_engine("fused")  # doctest: +ELLIPSIS
        Traceback (most recent call last):
            ...
        sparsebench.errors.ModelError: engine 'fused' is for GPUs; a CPU has ...
    """


class TrainingError(SparsebenchError):
    """A recipe cannot be trained as it stands: its data lack something, or the training collapsed.

    Example: `recipe.yaml:9:11: tiny: the loss 'margin_mse' needs a teacher's scores, and the data have none; …`.
    """


class ScoreError(SparsebenchError):
    """Scores that a postprocessor or a measure cannot work with (NaN, a scale of 0, an empty bank).

    Example:
        >>> import numpy as np
        >>> from scipy.sparse import csr_array
        >>> from sparsebench.search import SparseScores
        >>> queries, documents = np.ones((1, 2), np.float32), np.ones((4, 3), np.float32)
        >>> SparseScores(csr_array(queries), csr_array(documents))  # doctest: +ELLIPSIS
        Traceback (most recent call last):
            ...
        sparsebench.errors.ScoreError: query vectors have 2 dimensions, and document vectors 3: ...
    """


class StoreError(SparsebenchError):
    """The store or a record cannot be read or written.

    Example:
        >>> import sparsebench
        >>> sparsebench.load_records("runs/no_such_suite")  # doctest: +ELLIPSIS
        Traceback (most recent call last):
            ...
        sparsebench.errors.StoreError: runs/no_such_suite holds no results. ...
    """


FAILURES = (Exception, SystemExit)
"""What a stranger's code may raise that must cost itself only. An interruption is none: it is the user's."""


def reason(error: BaseException) -> str:
    """Say in a line why something failed: the message of an error that a user can fix, others with their type."""
    if isinstance(error, SystemExit):
        return f"SystemExit({error.code!r}): a plugin must not end the process; let it raise an error"
    return words(error) if isinstance(error, SparsebenchError) else described(error)


def described(error: BaseException) -> str:
    """Return the type of an error and what it says."""
    return f"{type(error).__name__}: {words(error)}"


def words(error: BaseException) -> str:
    """Return what an error says, as text that a file can hold, whoever raised it."""
    try:
        return str(error).encode("utf-8", "backslashreplace").decode()
    except Exception:  # a stranger's error may fail to say what it is
        return "it has no text"


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
