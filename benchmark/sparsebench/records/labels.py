"""Turn labels, which may hold any character, into words and names of files."""

from __future__ import annotations

import hashlib
import re

LONGEST_FILE_NAME = 150
"""Bytes; file systems take 255, and endings and temporary prefixes are added."""

_NO_WORD = re.compile(r"[\s\x00-\x1f\x7f-\x9f]")
_PLAIN_NAME = re.compile(r"[^\s./\\\x00-\x1f][^/\\\x00-\x1f]{0,199}")


def one_word(label: str) -> str:
    r"""The label with `_` for white space of every kind and for control characters, as a column of a run needs it.

    >>> one_word("BM25\u3000k1\t0.9")
    'BM25_k1_0.9'
    """
    return _NO_WORD.sub("_", label)


def run_tag(model: str, postprocessor: str) -> str:
    """The last field of a run's lines."""
    return one_word(f"{model}+{postprocessor}")


def file_name(text: str, filler: str = "-") -> str:
    """A text as the name of a file on any system, never of a folder above, hidden or too long.

    >>> file_name("../beir/scifact/test")
    'beir-scifact-test'
    """
    name = re.sub(r"[^\w.+=,@-]+", filler, text).lstrip(f".{filler}").rstrip(f" .{filler}") or "unnamed"
    if len(name.encode()) <= LONGEST_FILE_NAME:
        return name
    digest = hashlib.sha256(name.encode()).hexdigest()[:8]
    return f"{name.encode()[: LONGEST_FILE_NAME - 9].decode(errors='ignore')}-{digest}"


def is_plain_name(name: str) -> bool:
    """Return whether a name that was read somewhere is one of a file in a folder, and leads nowhere else."""
    return _PLAIN_NAME.fullmatch(name) is not None
