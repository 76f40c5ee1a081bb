"""Consoles that are not UTF-8: what they cannot show is replaced, and never ends a command whose work is done."""

from __future__ import annotations

import io
import sys


def speak_any_console() -> None:
    """Let standard output and standard error replace characters that their encoding lacks, by `?` or `\\u2013`."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper) and stream.errors in ("strict", "surrogateescape"):
            stream.reconfigure(errors="backslashreplace" if stream is sys.stderr else "replace")
