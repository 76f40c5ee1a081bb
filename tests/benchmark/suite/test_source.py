from __future__ import annotations

import contextlib
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from sparsebench.config.mistakes import Mistakes, Position
from sparsebench.config.source import parse, read_source
from sparsebench.config.tree import Node
from sparsebench.errors import SuiteError


def read(text: str) -> Node:
    mistakes = Mistakes()
    node = parse(text, partial(Position, "f.yaml"), mistakes)
    assert not mistakes.found
    assert node is not None
    return node


def wrong(text: str) -> list[str]:
    mistakes = Mistakes()
    parse(text, partial(Position, "f.yaml"), mistakes)
    return [f"{position}: {message}" for position, message in sorted(mistakes.found)]


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("on", "on"),
        ("no", "no"),
        ("true", True),
        ("None", "None"),
        ("~", None),
        ("null", None),
        ("12", 12),
        ("-3", -3),
        ("010", "010"),
        ("1_000", "1_000"),
        ("1:30", "1:30"),
        ("2024-01-01", "2024-01-01"),
        ("1e-3", 0.001),
        ("2E5", 2e5),
        ("0.5", 0.5),
        (".5", 0.5),
        ("5.", 5.0),
        ("-.inf", float("-inf")),
        ("'12'", "12"),
        ("!!str 12", "12"),
        ("0x1f", "0x1f"),
        ("3f9a", "3f9a"),
    ],
)
def test_scalars_are_those_of_yaml_1_2(text: str, value: Any) -> None:
    read_value = read(f"key: {text}").plain()["key"]
    assert read_value == value
    assert type(read_value) is type(value)


def test_every_value_knows_its_line_and_column() -> None:
    node = read("name: x\nmodels:\n  - bm25\n  - {name: splade, sizes: [1, 2]}\n")
    places = {
        ("name",): (1, 1),
        ("models",): (2, 1),
        ("models", 0): (3, 5),
        ("models", 1): (4, 5),
        ("models", 1, "name"): (4, 6),
        ("models", 1, "sizes", 1): (4, 31),
    }
    assert {path: (node.locate(path).line, node.locate(path).column) for path in places} == places
    assert str(node.entries["models"].items[1].entries["name"].at) == "f.yaml:4:12"


def test_a_path_that_does_not_exist_is_located_at_the_deepest_part_that_does() -> None:
    node = read("models:\n  - {name: x}\n")
    assert str(node.locate(("models", 0, "label"))) == "f.yaml:2:5"
    assert str(node.locate(("models", 7))) == "f.yaml:1:1"


def test_an_alias_is_a_copy_and_a_merge_key_gives_way_to_what_is_stated() -> None:
    node = read("a: &a {tau: 1, order: x}\nb: *a\nc: {tau: 2, <<: *a}\nd: {<<: [{tau: 3}, *a]}\n")
    assert node.plain() == {
        "a": {"tau": 1, "order": "x"},
        "b": {"tau": 1, "order": "x"},
        "c": {"tau": 2, "order": "x"},
        "d": {"tau": 3, "order": "x"},
    }


@pytest.mark.parametrize(
    ("text", "mistake"),
    [
        ("a: 1\nb: 2\na: 3", "f.yaml:3:1: the key 'a' is there twice, first at f.yaml:1:1"),
        ("1: a", "f.yaml:1:1: a key is text (quote it)"),
        ("[a]: b", "f.yaml:1:1: a key is text (quote it)"),
        ("a: !!int ten", "f.yaml:1:4: 'ten' is no value of the tag !!int"),
        ("a: !python/object b", "f.yaml:1:4: the tag !python/object has no meaning in a suite"),
        ("a: !!set {b}", "f.yaml:1:4: the tag tag:yaml.org,2002:set has no meaning in a suite"),
        ("a: &a [1, *a]", "f.yaml:1:4: an anchor cannot contain itself"),
    ],
)
def test_yaml_that_says_more_than_a_suite_is_a_mistake_with_its_place(text: str, mistake: str) -> None:
    assert wrong(text) == [mistake]


Write = Callable[..., Path]


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", "suite.yaml:1:1: the suite is empty"),
        (b"# nothing\n", "suite.yaml:1:1: the suite is empty"),
        (b"- a\n", "suite.yaml:1:1: a suite is a mapping of keys to values, such as `name: my-suite`"),
        (b"name: x\ndescription: caf\xe9\n", "suite.yaml:2:17: byte 0xe9 is not UTF-8"),
        (b"name: \xc3\xa4\xff\n", "suite.yaml:1:8: byte 0xff is not UTF-8"),
        (b"name: x\n\x07: y\n", "suite.yaml:2:1: the character U+0007 is not allowed"),
        (b"name: x\n\tdepth: 3\n", "suite.yaml:2:1: while scanning for the next token"),
        (b"models: [bm25\n", "suite.yaml:2:1: while parsing a flow sequence: expected ',' or ']'"),
        (b"a: 1\n---\nb: 2\n", "suite.yaml:2:1: expected a single document"),
        (b"a: *b\n", "suite.yaml:1:4: found undefined alias 'b'"),
    ],
)
def test_a_file_that_cannot_be_read_is_one_mistake_with_line_and_column(
    write: Write, content: bytes, message: str
) -> None:
    with pytest.raises(SuiteError) as error:
        read_source(write(content), Mistakes())
    assert str(error.value).startswith(message)


def test_a_byte_order_mark_is_no_part_of_the_suite(write: Write) -> None:
    assert read_source(write(b"\xef\xbb\xbfname: x\n"), Mistakes()).plain() == {"name": "x"}


def test_a_folder_is_no_suite(tmp_path: Path) -> None:
    with pytest.raises(SuiteError, match="cannot be read"):
        read_source(tmp_path, Mistakes())


@given(st.text())
@example("\x85")
@example("? a\n: b")
def test_any_text_is_read_or_refused_as_a_mistake_of_the_suite(text: str) -> None:
    with contextlib.suppress(SuiteError):
        parse(text, partial(Position, "f.yaml"), Mistakes())
