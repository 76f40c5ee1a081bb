"""Collections of three files: documents and queries in two columns, TREC qrels."""

from __future__ import annotations

from pathlib import Path

import pytest

from sparsebench.collection import TsvCollection, read_queries
from sparsebench.errors import CollectionError
from sparsebench.types import Document, Query


@pytest.fixture
def files(tmp_path: Path) -> tuple[Path, Path, Path]:
    paths = tmp_path / "docs.tsv", tmp_path / "queries.tsv", tmp_path / "qrels.txt"
    paths[0].write_text("d1\tcats purr\nd2\t\nd3\t  dogs \n")
    paths[1].write_text("q1\tcats\nq2\tdogs\n")
    paths[2].write_text("q1 0 d1 2\nq1 0 d9 1\n")
    return paths


def test_a_text_is_what_follows_the_tab(files: tuple[Path, Path, Path]) -> None:
    documents = [Document("d1", "cats purr"), Document("d2", ""), Document("d3", "dogs")]
    assert list(TsvCollection(*files, "mine").documents()) == documents


def test_all_queries_are_kept_judged_or_not(files: tuple[Path, Path, Path]) -> None:
    topics = TsvCollection(*files, "mine").topics(None)
    assert topics.queries == (Query("q1", "cats"), Query("q2", "dogs"))
    assert topics.qrels == {"q1": {"d1": 2, "d9": 1}}


def test_queries_alone_can_serve_as_a_bank(files: tuple[Path, Path, Path]) -> None:
    assert read_queries(files[1]).queries == (Query("q1", "cats"), Query("q2", "dogs"))
    assert TsvCollection(files[0], files[1], None, "mine").topics(None) == read_queries(files[1])


def test_it_has_no_splits(files: tuple[Path, Path, Path]) -> None:
    with pytest.raises(CollectionError, match="mine: no split 'train'"):
        TsvCollection(*files, "mine").topics("train")


def test_broken_lines_are_named_by_file_and_line(files: tuple[Path, Path, Path]) -> None:
    files[0].write_text("d1\tfine\nd2 no tab\nd 3\tspace\n")
    with pytest.raises(CollectionError) as caught:
        list(TsvCollection(*files, "mine").documents())
    assert str(caught.value).splitlines() == [
        f"{files[0]}:2: no tab between id and text",
        f"{files[0]}:3: the id 'd 3' is empty or has white space, which a TREC run cannot hold",
    ]


def test_missing_files_are_named(files: tuple[Path, Path, Path]) -> None:
    source = TsvCollection(*files, "mine")
    assert source.missing() == []
    files[2].unlink()
    assert source.missing() == [f"mine: there is no file {files[2]}"]
    with pytest.raises(CollectionError, match="there is no file"):
        source.fetch()
    with pytest.raises(CollectionError, match=r"qrels\.txt: cannot be read"):
        source.topics(None)
