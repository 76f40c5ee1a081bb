"""Whatever the bytes are, a reader reads them or says what is wrong, with the file."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from sparsebench.collection.entries import from_json, from_tsv, parse_queries
from sparsebench.collection.qrels import read_qrels
from sparsebench.config.mistakes import Mistakes
from sparsebench.config.source import read_source
from sparsebench.errors import SparsebenchError
from sparsebench.rank import read_trec
from sparsebench.records import Index, read_record
from sparsebench.training.recipe import load_recipe

READERS: dict[str, Callable[[Path], object]] = {
    "suite.yaml": lambda path: read_source(path, Mistakes()),
    "recipe.yaml": lambda path: load_recipe(path, environ={}),
    "queries.jsonl": lambda path: parse_queries(path, from_json),
    "queries.tsv": lambda path: parse_queries(path, from_tsv),
    "qrels.txt": lambda path: read_qrels(path, query_ids={"q1"}),
    "run.trec": read_trec,
    "run.trec.gz": read_trec,
    "record.json": lambda path: read_record(path, remedy=""),
    "index.json": lambda path: Index.read(path.parent),
}
PIECES = (
    *(
        "name: ",
        "q1",
        "d1",
        " ",
        "\t",
        "\n",
        "\r",
        "{",
        "}",
        "[",
        "]",
        '"',
        ":",
        ",",
        "- ",
        "&a ",
        "*a",
        "<<: ",
        "!!int ",
    ),
    *("0", "1", "-", "1e999", "nan", "null", "true", "\x00", "\x85", "\u2028", "\ud7ff"),
    *("grid: ", "include: ", "${X}", "\\ud800", "\x1f\x8b\x08"),
)


@pytest.mark.parametrize("name", READERS)
@settings(max_examples=150, suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(
    data=st.one_of(st.binary(max_size=200), st.lists(st.sampled_from(PIECES), max_size=40).map("".join).map(str.encode))
)
def test_a_reader_reads_or_names_the_file(name: str, data: bytes, tmp_path: Path) -> None:
    path = tmp_path / name
    path.write_bytes(data)
    said = ""
    try:
        READERS[name](path)
    except SparsebenchError as error:
        said = str(error)
    assert not said or name in said or tmp_path.name in said
