"""What files in the wild hold is taken as it is meant, or told with its place: never a silent figure."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest

from sparsebench.collection import BeirFolder, TsvCollection, read_qrels
from sparsebench.collection.checked import checked_topics
from sparsebench.collection.corpus import Corpus, scan
from sparsebench.collection.entries import from_json
from sparsebench.collection.once import taken_once
from sparsebench.contracts import CollectionSource
from sparsebench.errors import CollectionError
from sparsebench.types import Document, Query, Topics


def put(path: Path, *lines: str) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("".join(f"{line}\n" for line in lines))
    return path


def beir(folder: Path, *records: object, judgments: Sequence[str] = ("q1\td1\t1",)) -> BeirFolder:
    put(folder / "corpus.jsonl", *(json.dumps(record) for record in records))
    put(folder / "queries.jsonl", '{"_id": "q1", "text": "cats"}', '{"_id": "q2", "text": "dogs"}')
    put(folder / "qrels/test.tsv", "query-id\tcorpus-id\tscore", *judgments)
    return BeirFolder(folder, "mine")


# Grades


@pytest.mark.parametrize(
    ("grade", "whole"), [("1.0", 1), ("2.", 2), ("-1", -1), ("-2.0", -2), ("1e1", 10), ("10000", 10_000)]
)
def test_grades_that_are_whole_are_taken_however_they_are_written(tmp_path: Path, grade: str, whole: int) -> None:
    found = read_qrels(put(tmp_path / "qrels", f"q1\td1\t{grade}"), query_ids={"q1"})
    assert found.qrels == {"q1": {"d1": whole}}
    assert isinstance(found.qrels["q1"]["d1"], int)


@pytest.mark.parametrize(
    ("grade", "why"),
    [
        ("0.5", "the grade '0.5' is not a whole number"),
        ("nan", "the grade 'nan' is not a whole number"),
        ("one", "the grade 'one' is not a whole number"),
        (str(2**62), "is beyond 10,000; grades are small whole numbers"),
        ("3000000000", "is beyond 10,000"),
        ("-10001", "is beyond 10,000"),
        ("inf", "not a whole number"),
    ],
)
def test_grades_that_no_scale_has_are_refused_with_their_place(tmp_path: Path, grade: str, why: str) -> None:
    path = put(tmp_path / "qrels", "q1\td1\t1", f"q1\td2\t{grade}")
    with pytest.raises(CollectionError) as caught:
        read_qrels(path, query_ids={"q1"})
    assert f"{path}:2: " in str(caught.value)
    assert why in str(caught.value)


# Judgments and queries


def test_judgments_of_queries_that_are_not_there_are_passed_over_and_counted(tmp_path: Path) -> None:
    source = beir(tmp_path, {"_id": "d1", "text": "a"}, judgments=["q1\td1\t1", "q9\td1\t1", "q9\td2\t1"])
    topics = source.topics("test")
    assert topics.qrels == {"q1": {"d1": 1}}
    assert topics.counts == {"judgments_of_unknown_queries": 2}


def test_judgments_of_strangers_alone_are_those_of_another_collection(tmp_path: Path) -> None:
    source = beir(tmp_path, {"_id": "d1", "text": "a"}, judgments=["q8\td1\t1", "q9\td1\t1"])
    with pytest.raises(CollectionError, match="none of its 2 judgments is of one of the queries"):
        source.topics("test")


def test_a_judgment_that_comes_twice_is_counted_and_one_that_differs_is_refused(tmp_path: Path) -> None:
    twice = put(tmp_path / "a", "q1 0 d1 1", "q1 0 d1 1", "q1 0 d1 1.0")
    assert read_qrels(twice, query_ids={"q1"}).counts == {"judgments_repeated": 2}
    with pytest.raises(CollectionError, match="b:2: document 'd1' of query 'q1' was judged 1 before, 2 here"):
        read_qrels(put(tmp_path / "b", "q1 0 d1 1", "q1 0 d1 2"), query_ids={"q1"})


def test_a_query_that_comes_again_with_the_same_text_is_taken_once(tmp_path: Path) -> None:
    source = beir(tmp_path, {"_id": "d1", "text": "a"})
    put(tmp_path / "queries.jsonl", *['{"_id": "q1", "text": "cats"}'] * 3)
    topics = source.topics("test")
    assert topics.queries == (Query("q1", "cats"),)
    assert topics.counts == {"queries_repeated": 2}


class Strangers(CollectionSource):
    """A plugin's source that checks nothing."""

    name = "strangers"

    def __init__(self, topics: Topics) -> None:
        self._topics = topics

    def documents(self):
        return iter((Document("d1", "a"),))

    def topics(self, split: str | None) -> Topics:
        return self._topics

    def files(self):
        return ()

    def missing(self):
        return ()

    def fetch(self) -> None:
        pass


def test_a_plugins_judgments_are_held_to_the_same_rules() -> None:
    qrels = {"q1": {"d1": 1.0, "d2": np.int64(2)}, "q9": {"d1": 1}}
    topics = checked_topics(Strangers(Topics((Query("q1", "a"),), qrels)), None)  # type: ignore[arg-type]
    assert topics.qrels == {"q1": {"d1": 1, "d2": 2}}
    assert all(type(grade) is int for grade in topics.qrels["q1"].values())
    assert topics.counts == {"judgments_of_unknown_queries": 1}
    with pytest.raises(CollectionError, match="document 'd1' of query 'q1': the grade 4611686018427387904 is beyond"):
        checked_topics(Strangers(Topics((Query("q1", "a"),), {"q1": {"d1": 2**62}})), None)


# Documents that come twice


REPEATED = (
    {"_id": "d1", "text": "a"},
    {"_id": "d2", "text": "b"},
    {"_id": "d1", "text": "a"},
    {"_id": "d3", "text": ""},
)


def read(source: CollectionSource) -> Corpus:
    return scan(source.documents(), where=source.where, again=source.documents)


def test_a_document_that_comes_again_with_the_same_text_is_taken_once(tmp_path: Path) -> None:
    source = beir(tmp_path / "twice", *REPEATED)
    corpus = read(source)
    assert corpus.doc_ids.tolist() == [b"d1", b"d2", b"d3"]
    assert corpus.repeats.tolist() == [2]
    clean = read(beir(tmp_path / "once", *REPEATED[:2], REPEATED[3]))
    assert (corpus.digest, corpus.empty) == (clean.digest, clean.empty), "the same corpus as without it"
    once = taken_once(source, corpus)
    assert [document.doc_id for document in once.documents()] == ["d1", "d2", "d3"]
    assert once.where(2).endswith("corpus.jsonl:4"), "places in the file count the repeat"
    assert once.where(1).endswith("corpus.jsonl:2")
    assert taken_once(source, clean) is source
    assert once.shares_ids(source)
    assert source.shares_ids(source)


def test_a_document_that_comes_again_with_another_text_is_refused_with_both_places(tmp_path: Path) -> None:
    source = beir(tmp_path, *REPEATED, {"_id": "d2", "text": "c"})
    path = tmp_path / "corpus.jsonl"
    with pytest.raises(CollectionError) as caught:
        read(source)
    assert str(caught.value) == f"{path}:5: doc id 'd2' is already at {path}:2, with another text"


# Fields


@pytest.mark.parametrize(
    ("record", "why"),
    [
        ({"_id": "d7", "title": ["wing", "gas"], "text": "x"}, '\'title\' is ["wing", "gas"], of type list'),
        ({"_id": "d7", "title": 1984, "text": "novel"}, "'title' is 1984, of type int; it should be one string"),
        ({"_id": "d7", "title": "wing", "text": None}, "'text' is null; there are '_id', 'title', 'text'"),
        ({"_id": "d7", "title": "wing"}, "'text' is missing; there are '_id', 'title'"),
        ({"id": "d7", "text": "wing"}, "'_id' is missing; there are 'id', 'text'"),
        ({"_id": "d7", "contents": "wing"}, "'text' is missing; there are '_id', 'contents'"),
        ({"_id": "d7", "text": float("nan")}, "'text' is NaN, of type float"),
        ({"_id": True, "text": "x"}, "'_id' is true, of type bool"),
        ({"_id": "d7", "text": ["x"] * 50}, "…, of type list"),
    ],
)
def test_what_is_no_text_is_refused_with_what_it_is(record: object, why: str) -> None:
    with pytest.raises(ValueError, match="'") as caught:
        from_json(json.dumps(record))
    assert why in str(caught.value)


def test_numbers_as_ids_null_titles_other_keys_and_a_blank_last_line_are_taken(tmp_path: Path) -> None:
    source = beir(
        tmp_path,
        {"_id": 7, "title": None, "text": "wing gas", "metadata": {"url": "x", "n": [1]}},
        {"_id": "d1", "text": ""},
    )
    with (tmp_path / "corpus.jsonl").open("a") as corpus:
        corpus.write("\n  \n")
    assert list(source.documents()) == [Document("7", "wing gas"), Document("d1", "")]


def test_a_blank_line_between_others_is_told(tmp_path: Path) -> None:
    source = beir(tmp_path, {"_id": "d1", "text": "a"})
    put(tmp_path / "corpus.jsonl", '{"_id": "d1", "text": "a"}', "", '{"_id": "d2", "text": "b"}')
    with pytest.raises(CollectionError, match="jsonl:2: column 1: not JSON"):
        list(source.documents())


# Files of tabs


@pytest.mark.parametrize(
    ("content", "why"),
    [
        (b"id\ttext\nd1\ta\n", "docs.tsv:1: 'id\\ttext' is a header"),
        (b"doc_id\tPassage\nd1\ta\n", "is a header, and files of ids and texts have none; remove the line"),
        (b"d1\ta\nd2\ttitle\ttext\n", "docs.tsv:2: column 9: a second tab"),
        (b"d1\ta\rd2\tb\rd3\tc\r", "docs.tsv:1:5: a line ends with CR alone; convert the file"),
        (b"u" * 20_000 + b"\ta\n", "docs.tsv:1: the id 'uuuuuuuuuuuuuuuuuuuuuuuuuuuuuuuuuuuuuuuu…' has 20,000 bytes"),
    ],
)
def test_what_makes_another_collection_of_a_file_is_told_with_its_place(
    tmp_path: Path, content: bytes, why: str
) -> None:
    (tmp_path / "docs.tsv").write_bytes(content)
    with pytest.raises(CollectionError) as caught:
        list(TsvCollection(tmp_path / "docs.tsv", tmp_path / "q", None, "mine").documents())
    assert why in str(caught.value)


def test_a_document_may_be_called_id_and_lines_may_end_as_on_windows(tmp_path: Path) -> None:
    (tmp_path / "docs.tsv").write_bytes(b"id\ta card\r\nd2\ttext\r\n")
    source = TsvCollection(tmp_path / "docs.tsv", tmp_path / "q", None, "mine")
    assert list(source.documents()) == [Document("id", "a card"), Document("d2", "text")]


def test_one_long_id_costs_no_room_for_all(tmp_path: Path) -> None:
    documents = (Document("u" * 20_000 if number == 77 else f"d{number}", "text") for number in range(500))
    with pytest.raises(CollectionError, match=r"document 78: the id 'uuu.*has 20,000 bytes, and 1,024 are the most"):
        scan(documents)
    assert scan([Document("é" * 512, "a")]).doc_ids.nbytes == 1024
    with pytest.raises(CollectionError, match="1,025 bytes"):
        scan([Document("é" * 512 + "a", "a")])
