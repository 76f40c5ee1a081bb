"""Suites of a few hundred bytes that ask for more than anybody has, and what is said of each."""

from __future__ import annotations

COLLECTION = "collections: [{beir: web}]\n"
TUNED = "name: a\ncollections: [{beir: web, dev: {split: hash}}]\nmodels: [bm25]\npostprocessors:\n"


def _nested_aliases(first: str, way: str) -> str:
    """Nine levels of nine: 9^9 values in some 400 bytes."""
    lines = [f"l0: &l0 [{first}]"]
    for level in range(1, 10):
        lines.append(f"l{level}: &l{level} [{', '.join([f'*l{level - 1}'] * 9)}]")
    return "\n".join([f"name: a\n{COLLECTION}models: [bm25]", *lines, way]) + "\n"


def _points(count: int) -> str:
    return "[" + ", ".join(map(str, range(1, count + 1))) + "]"


SUITES: dict[str, tuple[str, str]] = {
    "aliases nine deep as a key of their own": (_nested_aliases("1", ""), "values, and 10,000 are the most"),
    "aliases nine deep as a parameter": (
        _nested_aliases("x", "models: [{name: bm25, k1: *l9}]"),
        "values, and 10,000 are the most",
    ),
    "aliases nine deep of a text with a variable": (
        _nested_aliases("'${HOME}'", "x: *l9"),
        "values, and 10,000 are the most",
    ),
    "a grid of 10^9": (
        f"name: a\n{COLLECTION}models: [{{name: bm25, grid: {{"
        + ", ".join(f"p{n}: {_points(10)}" for n in range(9))
        + "}}]\n",
        "1,000,000,000 combinations to spell out, and 1,000 are the most",
    ),
    "a tuning of 10^9": (
        f"{TUNED}  - {{name: sinkhorn, tune: {{" + ", ".join(f"p{n}: {_points(10)}" for n in range(9)) + "}}\n",
        "1,000,000,000 combinations to spell out, and 1,000 are the most",
    ),
    "a grid of 300 by 300": (
        f"name: a\n{COLLECTION}models: [{{name: bm25, grid: {{k1: {_points(300)}, k2: {_points(300)}}}}}]\n",
        "90,000 combinations to spell out, and 1,000 are the most",
    ),
    "two grids that are too many together": (
        f"name: a\n{COLLECTION}models:\n"
        + "".join(f"  - {{name: bm25, label: m{n}, grid: {{k1: {_points(600)}}}}}\n" for n in range(2)),
        "the models are 1,200 combinations",
    ),
    "a tuning in a grid": (
        TUNED + f"  - {{name: sinkhorn, grid: {{scale: {_points(50)}}}, tune: {{tau: {_points(50)}}}}}\n",
        "2,500 combinations",
    ),
    "a grid over a large value": (
        f"a: &a [{', '.join('x' * 60)}]\nb: &b [{', '.join(['*a'] * 9)}]\n"
        f"name: a\n{COLLECTION}models: [{{name: words, big: *b, grid: {{k1: {_points(100)}}}}}]\n",
        "values to spell out, and 50,000 are the most",
    ),
    "cells without end": (
        f"name: a\n{COLLECTION}models: [{{name: bm25, grid: {{k1: {_points(999)}}}}}]\n"
        f"postprocessors: [{{name: sinkhorn, grid: {{tau: {_points(999)}}}}}]\n",
        "are 998,001 cells, and 100,000 are the most",
    ),
    "a thousand lists within each other": (
        f"name: a\n{COLLECTION}models: {'[' * 200}{']' * 200}\n",
        "more than 50 values within each other",
    ),
    "depth by aliases": (
        "l0: &l0 [1]\n" + "".join(f"l{n}: &l{n} [*l{n - 1}]\n" for n in range(1, 60)) + f"name: a\n{COLLECTION}",
        "more than 50 values are within each other",
    ),
    "a depth without end": (f"name: a\ndepth: 1{'0' * 30}\n{COLLECTION}models: [bm25]\n", "'depth' should be"),
    "a number of 5,000 digits": (
        f"name: a\ndepth: {'9' * 5000}\n{COLLECTION}models: [bm25]\n",
        "is no value of the tag !!int",
    ),
    "a name of 300 letters": (f"name: {'n' * 300}\n{COLLECTION}models: [bm25]\n", "at most 60 characters"),
    "an include of 300 letters": (f"include: {'n' * 300}\nname: a\n", "255 are the most of a path"),
    "an include with a NUL": ('include: "a\\0b"\nname: a\n', "cannot hold the character U+0000"),
    "a folder of 300 letters": (f"name: a\ncollections: [{{beir: {'n' * 300}}}]\nmodels: [bm25]\n", "most of a path"),
    "a tag that does not fit": (
        f"name: !!bool maybe\n{COLLECTION}models: [bm25]\n",
        "'maybe' is no value of the tag !!bool",
    ),
    "an empty number": (f"name: a\ndepth: !!int ''\n{COLLECTION}models: [bm25]\n", "'' is no value of the tag !!int"),
    "an empty float": (
        f"name: a\ndepth: !!float ''\n{COLLECTION}models: [bm25]\n",
        "'' is no value of the tag !!float",
    ),
    "a merge of a number": (f"<<: 3\nname: a\n{COLLECTION}models: [bm25]\n", "'<<' takes a mapping"),
    "a merge of numbers": (f"<<: [1, 2]\nname: a\n{COLLECTION}models: [bm25]\n", "'<<' takes a mapping"),
    "two merges": (f"<<: {{}}\n<<: {{}}\nname: a\n{COLLECTION}models: [bm25]\n", "the key '<<' is there twice"),
    "a measure twice": (
        f"name: a\nmeasures: [nDCG@10, nDCG@10]\n{COLLECTION}models: [bm25]\n",
        "'nDCG@10' is there twice",
    ),
    "half a surrogate pair": (
        f'name: a\ndescription: "\\uD800"\n{COLLECTION}models: [bm25]\n',
        ":2:14: half a surrogate pair",
    ),
}
"""What it is -> the file, and a part of what must be said of it."""
