"""One pass over a corpus."""

from __future__ import annotations

import hashlib

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from sparsebench.collection import corpus
from sparsebench.collection.corpus import absent_judgments, scan
from sparsebench.errors import CollectionError
from sparsebench.types import Document

DOCUMENTS = [Document("d1", "cats"), Document("é", ""), Document("longer-id", " \n")]


def test_ids_are_utf8_bytes_in_corpus_order_and_empty_documents_are_counted() -> None:
    found = scan(DOCUMENTS)
    assert found.doc_ids.tolist() == [b"d1", "é".encode(), b"longer-id"]
    assert found.empty == 2


def test_the_digest_is_that_of_ids_and_texts_with_their_lengths() -> None:
    lengths = (2).to_bytes(8, "little") + (4).to_bytes(8, "little")
    assert scan(DOCUMENTS[:1]).digest == hashlib.sha256(lengths + b"d1cats").hexdigest()


@pytest.mark.parametrize(
    "other",
    [
        [Document("d1", "cats")],
        [Document("d1", "dogs"), *DOCUMENTS[1:]],
        [Document("d", "1cats"), *DOCUMENTS[1:]],
        [DOCUMENTS[1], DOCUMENTS[0], DOCUMENTS[2]],
    ],
    ids=["fewer", "other text", "the boundary moved", "other order"],
)
def test_another_corpus_has_another_digest(other: list[Document]) -> None:
    assert scan(other).digest != scan(DOCUMENTS).digest


@given(st.lists(st.text(alphabet="abcdé日", min_size=1, max_size=4), unique=True, min_size=1), st.integers(1, 5))
def test_ids_do_not_depend_on_how_they_are_gathered(ids: list[str], chunk: int) -> None:
    before, corpus.CHUNK = corpus.CHUNK, chunk
    try:
        assert scan(Document(i, i) for i in ids).doc_ids.tolist() == [i.encode() for i in ids]
    finally:
        corpus.CHUNK = before


def test_every_repetition_of_an_id_is_named() -> None:
    with pytest.raises(CollectionError) as caught:
        scan([*DOCUMENTS, DOCUMENTS[0], DOCUMENTS[1], DOCUMENTS[0]])
    assert str(caught.value).splitlines() == [
        "document 4: doc id 'd1' is already at document 1",
        "document 5: doc id 'é' is already at document 2",
        "document 6: doc id 'd1' is already at document 1",
    ]


@pytest.mark.parametrize("bad", ["", "a b", "a\tb", "a\0", "half\ud83d"])
def test_an_id_that_no_run_could_hold_is_named(bad: str) -> None:
    with pytest.raises(CollectionError, match=r"^document 2: "):
        scan([DOCUMENTS[0], Document(bad, "text")])


def test_a_corpus_without_documents_is_an_error() -> None:
    with pytest.raises(CollectionError, match="there are no documents"):
        scan([])


def test_judgments_of_absent_documents_are_counted() -> None:
    doc_ids = scan(DOCUMENTS).doc_ids
    assert absent_judgments({"q1": {"d1": 1, "gone": 2}, "q2": {"gone": 0, "é": 1}}, doc_ids) == 2
    assert absent_judgments({}, doc_ids) == 0


def test_ids_are_kept_as_bytes_not_as_objects() -> None:
    assert scan(DOCUMENTS).doc_ids.dtype == np.dtype("S9")
