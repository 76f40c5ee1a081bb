"""BEIR folders: what they hold, and every way they can be broken."""

from __future__ import annotations

import gzip
import json
from functools import partial
from pathlib import Path

import pytest

from sparsebench.collection import BeirFolder
from sparsebench.collection.corpus import scan
from sparsebench.errors import CollectionError
from sparsebench.types import Document, Query

CORPUS = [
    {"_id": "d1", "title": "Cats", "text": "purr."},
    {"_id": "d2", "title": "", "text": "Dogs bark."},
    {"_id": "d3", "text": "No title."},
    {"_id": "d4", "title": None, "text": ""},
]
QUERIES = [{"_id": "q2", "text": "dogs"}, {"_id": "q1", "text": "cats"}, {"_id": "q3", "text": ""}]
HEADER = "query-id\tcorpus-id\tscore\n"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    write(tmp_path / "corpus.jsonl", CORPUS)
    write(tmp_path / "queries.jsonl", QUERIES)
    (tmp_path / "qrels").mkdir()
    (tmp_path / "qrels" / "test.tsv").write_text(HEADER + "q1\td1\t1\nq2\td2\t2\nq2\td1\t0\n")
    (tmp_path / "qrels" / "train.tsv").write_text(HEADER + "q3\td3\t1\n")
    return tmp_path


def write(path: Path, records: list[dict[str, object]]) -> None:
    path.write_text("".join(json.dumps(record) + "\n" for record in records))


def mistakes(folder: Path, split: str | None = None) -> list[str]:
    """The lines of the error, without the folder's path: of a split, or of the documents."""
    source = BeirFolder(folder, "mine")
    read = partial(source.topics, split) if split else lambda: scan(source.documents(), where=source.where)
    with pytest.raises(CollectionError) as caught:
        read()
    return str(caught.value).replace(f"{folder}/", "").splitlines()


def test_text_is_title_space_text_without_a_stray_space(folder: Path) -> None:
    assert list(BeirFolder(folder, "mine").documents()) == [
        Document("d1", "Cats purr."),
        Document("d2", "Dogs bark."),
        Document("d3", "No title."),
        Document("d4", ""),
    ]


def test_a_split_has_the_queries_it_judges_in_the_order_of_the_file(folder: Path) -> None:
    topics = BeirFolder(folder, "mine").topics("test")
    assert topics.queries == (Query("q2", "dogs"), Query("q1", "cats"))
    assert topics.qrels == {"q1": {"d1": 1}, "q2": {"d2": 2, "d1": 0}}


@pytest.mark.parametrize("text", ["q1\td1\t1\n", "q1 0 d1 1\n", HEADER + "q1\td1\t1", "\nq1\td1\t1\r\n\n"])
def test_judgments_may_come_without_header_in_trec_columns_or_with_blank_lines(folder: Path, text: str) -> None:
    (folder / "qrels" / "test.tsv").write_text(text)
    assert BeirFolder(folder, "mine").topics("test").qrels == {"q1": {"d1": 1}}


def test_every_file_may_be_gzipped(folder: Path) -> None:
    plain = BeirFolder(folder, "mine")
    documents, topics = list(plain.documents()), plain.topics("test")
    for name in ("corpus.jsonl", "queries.jsonl", "qrels/test.tsv"):
        (folder / f"{name}.gz").write_bytes(gzip.compress((folder / name).read_bytes()))
        (folder / name).unlink()
    packed = BeirFolder(folder, "mine")
    assert (list(packed.documents()), packed.topics("test")) == (documents, topics)
    assert packed.splits() == ["test", "train"]
    assert packed.missing() == []
    assert packed.files() == (folder / "corpus.jsonl.gz",)


def test_a_byte_order_mark_is_not_part_of_the_first_id(folder: Path) -> None:
    for name in ("corpus.jsonl", "qrels/test.tsv"):
        (folder / name).write_bytes(b"\xef\xbb\xbf" + (folder / name).read_bytes().removeprefix(HEADER.encode()))
    source = BeirFolder(folder, "mine")
    assert next(source.documents()).doc_id == "d1"
    assert source.topics("test").qrels["q1"] == {"d1": 1}


def test_a_line_separator_inside_a_text_ends_no_line(folder: Path) -> None:
    (folder / "corpus.jsonl").write_text('{"_id": "d1", "text": "one\u2028two\x85three"}\n')
    assert [document.text for document in BeirFolder(folder, "mine").documents()] == ["one\u2028two\x85three"]


def test_a_missing_split_says_which_there_are(folder: Path) -> None:
    assert mistakes(folder, "tset") == [f"{folder}: no split 'tset'. Did you mean 'test'?"]
    assert mistakes(folder, "dev") == [f"{folder}: no split 'dev'. There is: test, train."]


def test_no_split_at_all_says_which_there_are(folder: Path) -> None:
    with pytest.raises(CollectionError, match=r"must be named\. There is: test, train"):
        BeirFolder(folder, "mine").topics(None)


def test_what_is_missing_is_named_with_where_it_belongs(tmp_path: Path) -> None:
    source = BeirFolder(tmp_path / "nowhere", "mine")
    (line,) = source.missing()
    assert f"{tmp_path}/nowhere lacks corpus.jsonl, queries.jsonl, qrels/{{split}}.tsv" in line
    with pytest.raises(CollectionError, match=r"mine: there is no .*nowhere/corpus\.jsonl"):
        next(source.documents())
    with pytest.raises(CollectionError, match="lacks"):
        source.fetch()


def test_all_broken_documents_are_named_at_once(folder: Path) -> None:
    (folder / "corpus.jsonl").write_bytes(
        b'{"_id": "d1", "text": "fine"}\n'
        b'{"_id": "d2", "text": \n'
        b'{"text": "no id"}\n'
        b'{"_id": 7.5, "text": "number"}\n'
        b'{"_id": "d5"}\n'
        b'["d6"]\n'
        b"\n"
        b'{"_id": "d8", "text": "caf\xe9"}\n'
        b'{"_id": "d 9", "text": "space"}\n'
        b'{"_id": "", "text": "empty id"}\n'
        b'{"_id": "d11", "text": "half \\ud83d"}\n'
        b'{"_id": "d12", "text": null}\n'
    )
    found = mistakes(folder)
    assert found[:4] == [
        "corpus.jsonl:2: column 23: not JSON: Expecting value",
        "corpus.jsonl:3: '_id' is missing; there are 'text'",
        "corpus.jsonl:4: '_id' is 7.5, of type float; it should be one string",
        "corpus.jsonl:5: 'text' is missing; there are '_id'",
    ]
    assert found[4:6] == ["corpus.jsonl:6: not a JSON object", "corpus.jsonl:7: column 1: not JSON: Expecting value"]
    assert found[6] == "corpus.jsonl:8:27: byte 0xe9 is not UTF-8; convert the file"
    assert all(f"corpus.jsonl:{line}: the id" in found[line - 2] for line in (9, 10))
    assert "corpus.jsonl:11:" in found[9]
    assert found[10:] == ["… and 1 more"]


def test_a_duplicate_document_names_both_lines(folder: Path) -> None:
    write(folder / "corpus.jsonl", [*CORPUS, {"_id": "d2", "text": "again"}])
    path = folder / "corpus.jsonl"
    with pytest.raises(CollectionError) as caught:
        scan(BeirFolder(folder, "mine").documents(), where=BeirFolder(folder, "mine").where)
    assert str(caught.value) == f"{path}:5: doc id 'd2' is already at {path}:2"


def test_a_folder_without_documents_queries_or_judgments_is_an_error(folder: Path) -> None:
    for name in ("corpus.jsonl", "qrels/test.tsv"):
        (folder / name).write_text("")
    assert mistakes(folder) == ["corpus.jsonl:1: there are no documents"]
    assert mistakes(folder, "test") == ["qrels/test.tsv:1: there are no judgments"]
    (folder / "queries.jsonl").write_text("")
    assert mistakes(folder, "train") == ["queries.jsonl:1: there are no queries"]


def test_a_duplicate_query_names_both_lines(folder: Path) -> None:
    write(folder / "queries.jsonl", [*QUERIES, {"_id": "q2", "text": "again"}])
    assert mistakes(folder, "test") == ["queries.jsonl:4: query id 'q2' is already on line 1, with another text"]


def test_all_broken_judgments_are_named_at_once(folder: Path) -> None:
    rows = ["q1\td1\t1", "q1\td1", "q1\td1\tone", "q7\td1\t1", "q1\td1\t1", "q1\td1\t2", "q1 0 d1 1 run"]
    (folder / "qrels" / "test.tsv").write_text("\n".join(rows))
    assert mistakes(folder, "test") == [
        "qrels/test.tsv:2: a judgment has 3 columns (BEIR) or 4 (TREC), this line has 2",
        "qrels/test.tsv:3: the grade 'one' is not a whole number",
        "qrels/test.tsv:6: document 'd1' of query 'q1' was judged 1 before, 2 here",
        "qrels/test.tsv:7: a judgment has 3 columns (BEIR) or 4 (TREC), this line has 5",
    ]


def test_ten_mistakes_are_shown_and_the_others_counted(folder: Path) -> None:
    (folder / "qrels" / "test.tsv").write_text("bad\n" * 1234)
    found = mistakes(folder, "test")
    assert found[9].startswith("qrels/test.tsv:10:")
    assert found[10:] == ["… and 1225 more"]


def test_a_damaged_gzip_file_is_a_clear_error(folder: Path) -> None:
    packed = gzip.compress((folder / "corpus.jsonl").read_bytes())
    (folder / "corpus.jsonl").unlink()
    for damaged in (packed[:-12], b"not gzip at all", packed[:20] + b"\xff\xff" + packed[22:]):
        (folder / "corpus.jsonl.gz").write_bytes(damaged)
        with pytest.raises(CollectionError, match=r"corpus\.jsonl\.gz: cannot be read"):
            list(BeirFolder(folder, "mine").documents())


@pytest.mark.parametrize(
    ("name", "split", "documents", "queries", "judgments"),
    [
        ("scifact", "test", 5183, 300, 339),
        ("scifact", "train", 5183, 809, 919),
        ("msmarco_dl", "test", 12388, 43, None),
        ("cacm", "test", 3204, 52, 796),
        ("vaswani", "test", 11429, 93, 2083),
    ],
)
def test_real_collections_have_their_known_sizes(
    beir_dir: Path, name: str, split: str, documents: int, queries: int, judgments: int | None
) -> None:
    source = BeirFolder(beir_dir / name, name)
    topics = source.topics(split)
    assert len(scan(source.documents(), where=source.where).doc_ids) == documents
    assert len(topics.queries) == len(topics.qrels) == queries
    assert judgments in (None, sum(map(len, topics.qrels.values())))
