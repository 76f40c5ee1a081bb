"""Escape other people's texts (labels, ids, descriptions) for markdown, LaTeX and CSV: shown, never obeyed."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Iterable, Sequence

from sparsebench.disclosure.visible import shown, visible
from sparsebench.types import Json

_LATEX = str.maketrans(
    {
        **{character: f"\\{character}" for character in "&%$#_{}"},
        "\\": r"\textbackslash{}",
        "~": r"\textasciitilde{}",
        "^": r"\textasciicircum{}",
    }
)
_MARKDOWN = str.maketrans({"|": "\\|", "<": "&lt;", "&": "&amp;", "*": "\\*", "`": "\\`"})
_FORMULA = ("=", "+", "-", "@", "\t", "\r")
"""What makes a spreadsheet compute the text of a cell."""


def markdown_text(text: str) -> str:
    r"""A text that stays one cell of a table and opens no tag.

    >>> markdown_text("a|b <script>")
    'a\\|b &lt;script>'
    """
    return visible(text).translate(_MARKDOWN).replace("](", "]\\(")


def markdown_lines(text: str) -> str:
    """Markdown of a stranger, a description or a summary, that opens no tag of HTML."""
    return re.sub(r"<(?=[A-Za-z/!?])", "&lt;", shown(text))


def latex_text(text: str) -> str:
    r"""A text without a command of TeX in it.

    >>> latex_text(r"\input{x}_1")
    '\\textbackslash{}input\\{x\\}\\_1'
    """
    return visible(text).translate(_LATEX)


def csv_text(rows: Iterable[Sequence[Json]]) -> str:
    """Rows as CSV; None is empty, and a text that a spreadsheet would compute begins with an apostrophe."""
    out = io.StringIO()
    csv.writer(out, lineterminator="\n").writerows([_cell(value) for value in row] for row in rows)
    return out.getvalue()


def _cell(value: Json) -> Json:
    return f"'{value}" if isinstance(value, str) and value.startswith(_FORMULA) else value
