"""Ids and texts of csv files, ids alone, and judgments that follow from the order of two files."""

from __future__ import annotations

from pathlib import Path

import pytest

from sparsebench.collection import TsvCollection, read_queries
from sparsebench.errors import CollectionError
from sparsebench.suite import Columns
from sparsebench.types import Document, Query

CAPTIONS = 'key,video_id,sentence\nc0,v0,"a man, running"\nc1,v0,"two\nlines"\nc2,v1,a cat\n'


@pytest.fixture
def captions(tmp_path: Path) -> Path:
    (tmp_path / "captions.csv").write_text("\ufeff" + CAPTIONS, encoding="utf-8")
    return tmp_path / "captions.csv"


def test_columns_of_a_csv_are_ids_and_texts(captions: Path) -> None:
    queries = read_queries(captions, Columns(id="key", text="sentence")).queries
    assert queries == (Query("c0", "a man, running"), Query("c1", "two\nlines"), Query("c2", "a cat"))


def test_a_video_of_several_captions_is_a_query_once(captions: Path) -> None:
    topics = read_queries(captions, Columns(id="video_id"))
    assert topics.queries == (Query("v0", ""), Query("v1", ""))
    assert topics.counts == {"queries_repeated": 1}


def test_an_id_with_two_texts_is_refused(captions: Path) -> None:
    with pytest.raises(CollectionError, match=r"captions\.csv:4: query id 'v0' is already on line 2, with another"):
        read_queries(captions, Columns(id="video_id", text="sentence"))


def test_a_column_that_is_not_there_is_refused_with_those_that_are(captions: Path) -> None:
    with pytest.raises(CollectionError, match=r"captions\.csv:1: there is no column 'id'; there is: key, video_id"):
        read_queries(captions, Columns(id="id"))
    with pytest.raises(CollectionError, match=r"a csv file; say in which columns.*key, video_id, sentence"):
        read_queries(captions)


def test_an_unusable_id_of_a_csv_is_named_by_its_line(tmp_path: Path) -> None:
    (tmp_path / "c.csv").write_text("id\na b\n\nx\n")
    with pytest.raises(CollectionError, match=r"c\.csv:2: the id 'a b' is empty or has white space"):
        read_queries(tmp_path / "c.csv", Columns(id="id"))


def test_a_gallery_may_be_a_list_of_ids_alone(tmp_path: Path) -> None:
    (tmp_path / "videos.txt").write_text("v0\nv1\n")
    source = TsvCollection(tmp_path / "videos.txt", tmp_path / "videos.txt", None, "mine")
    assert list(source.documents()) == [Document("v0", ""), Document("v1", "")]
    assert source.topics(None).queries == (Query("v0", ""), Query("v1", ""))


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("v0\nv1\ttext\n", r"videos\.txt:2: a tab, and the first line has none"),
        ("video_id\nv0\n", r"videos\.txt:1: 'video_id' is a header"),
        ("v0\nv 1\n", r"videos\.txt:2: the id 'v 1' is empty or has white space"),
    ],
)
def test_a_list_of_ids_that_is_none_is_told(tmp_path: Path, text: str, message: str) -> None:
    (tmp_path / "videos.txt").write_text(text)
    with pytest.raises(CollectionError, match=message):
        read_queries(tmp_path / "videos.txt")


def diagonal(
    queries: Path, documents: Path, docs_columns: Columns | None = None, queries_columns: Columns | None = None
) -> TsvCollection:
    chosen = docs_columns, queries_columns
    return TsvCollection(documents, queries, queries.parent / "diagonal", "mine", columns=chosen)


def test_the_diagonal_judges_line_by_line(tmp_path: Path) -> None:
    (tmp_path / "q.txt").write_text("q0\nq1\n")
    (tmp_path / "d.txt").write_text("d1\nd0\n")
    source = diagonal(tmp_path / "q.txt", tmp_path / "d.txt")
    assert source.topics(None).qrels == {"q0": {"d1": 1}, "q1": {"d0": 1}}
    assert source.missing() == []


def test_the_diagonal_of_one_csv_is_which_caption_is_of_which_video(captions: Path) -> None:
    texts, videos = Columns(id="key", text="sentence"), Columns(id="video_id")
    to_video = diagonal(captions, captions, videos, texts).topics(None)
    assert to_video.qrels == {"c0": {"v0": 1}, "c1": {"v0": 1}, "c2": {"v1": 1}}
    to_text = diagonal(captions, captions, texts, videos).topics(None)
    assert to_text.qrels == {"v0": {"c0": 1, "c1": 1}, "v1": {"c2": 1}}


def test_a_diagonal_of_two_lengths_is_refused(tmp_path: Path) -> None:
    (tmp_path / "q.txt").write_text("q0\nq1\n")
    (tmp_path / "d.txt").write_text("d0\n")
    with pytest.raises(CollectionError, match=r"q\.txt names 2 queries, .*d\.txt names 1 documents"):
        diagonal(tmp_path / "q.txt", tmp_path / "d.txt").topics(None)
