"""What the docstring of a plugin says of its parameters: `tau: temperature > 0. k, depth: how many …`."""

from __future__ import annotations

import inspect
import itertools
import re
from collections.abc import Callable, Collection, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

OTHER_PARTS = r"(?:Values|Files)[^.:]{0,20}:|Raises "
"""What ends the words about a parameter."""


@dataclass(frozen=True)
class Described:
    """paragraphs: what a docstring says beside its parameters. parameters: name -> what is said of it."""

    paragraphs: tuple[str, ...]
    parameters: Mapping[str, str]


def describe(factory: Callable[..., Any], names: Collection[str]) -> Described:
    """The docstring of a factory with parameters of these names. Of one that it inherits without a word, the base
    class has the word."""
    bases = [base for base in inspect.getmro(factory) if base.__doc__] if inspect.isclass(factory) else [factory]
    parts = [list(_parts(base, names)) for base in bases]
    found = {name: text for of_one in reversed(parts) for name, text in of_one if name}
    return Described(tuple(text for name, text in parts[0] if not name), found)


def _parts(factory: Callable[..., Any], names: Collection[str]) -> Iterator[tuple[str, str]]:
    """(name, what is said of it) of each parameter, and ("", text) of the rest, in order."""
    for paragraph in inspect.cleandoc(factory.__doc__ or "").split("\n\n"):
        text = " ".join(paragraph.split())
        starts = [(0, [""], 0), *_starts(text, names), (len(text), [], 0)]
        for (_, named, begin), (end, _, _) in itertools.pairwise(starts):
            said = text[begin:end].strip(" ;")
            yield from ((name, said) for name in named if said)


def _starts(text: str, names: Collection[str]) -> Iterator[tuple[int, list[str], int]]:
    """Where a parameter or another part begins, which parameters it is about, and where what is said begins."""
    any_name = "|".join(names) or "(?!)"
    allowed = r"(?:,? [<>\d][^:]*)?"
    start = rf"(?:^|(?<=[.;] ))(?:({any_name})((?:, (?:{any_name}))*){allowed}: |(?={OTHER_PARTS}))"
    for found in re.finditer(start, text):
        named = [found[1], *found[2].split(", ")[1:]] if found[1] else [""]
        yield found.start(), named, found.end()
