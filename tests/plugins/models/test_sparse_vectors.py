"""Vectors that somebody else made, in four forms: the same scores from each."""

from __future__ import annotations

import gzip
import json

import numpy as np
import pytest
from scipy.sparse import csr_matrix, save_npz

from sparsebench import Query
from sparsebench.errors import ModelError
from sparsebench_plugins.models.sparse_vectors import SparseVectors

DOCUMENTS = {"d1": {"cat": 2.0, "mat": 1.0}, "d2": {"dog": 3.0}, "d3": {"cat": 0.5, "dog": 0.5}}
QUERIES = {"q1": {"cat": 1.0, "dog": 2.0}, "q2": {"fish": 1.0}}
TERMS = ["cat", "dog", "mat", "fish"]
EXPECTED = [[2.0, 6.0, 1.5], [0.0, 0.0, 0.0]]


def json_lines(folder, name, vectors):
    path = folder / f"{name}.jsonl"
    path.write_text(
        "".join(json.dumps({"id": id_, "contents": "", "vector": vector}) + "\n" for id_, vector in vectors.items())
    )
    return path


def zipped(folder, name, vectors):
    path = folder / f"{name}.jsonl.gz"
    path.write_bytes(gzip.compress(json_lines(folder, name, vectors).read_bytes()))
    return path


def lsr(folder, name, vectors):
    path = folder / f"{name}-embeddings.npz"
    pairs = [(term, weight) for vector in vectors.values() for term, weight in vector.items()]
    indptr = np.cumsum([0, *map(len, vectors.values())])
    np.savez(path, data=[weight for _, weight in pairs], indices=np.array([term for term, _ in pairs]), indptr=indptr)
    (folder / f"{name}-ids.txt").write_text("\n".join(vectors) + "\n")
    return path


def scipy_csr(folder, name, vectors):
    path = folder / f"{name}.npz"
    save_npz(path, csr_matrix([[vector.get(term, 0.0) for term in TERMS] for vector in vectors.values()]))
    (folder / f"{name}-ids.txt").write_text("\n".join(vectors) + "\n")
    return path


def parquet(folder, name, vectors):
    pa = pytest.importorskip("pyarrow")
    import pyarrow.parquet

    path = folder / f"{name}.parquet"
    kind = pa.map_(pa.string(), pa.float64())
    column = pa.array([list(vector.items()) for vector in vectors.values()], type=kind)
    pyarrow.parquet.write_table(pa.table({"id": list(vectors), "vector": column}), path)
    return path


def model(folder, write=json_lines, documents=DOCUMENTS, queries=QUERIES):
    return SparseVectors(documents=write(folder, "doc", documents), queries=write(folder, "query", queries))


def scored(found, ids=("d1", "d2", "d3")):
    return found.score([Query("q1", ""), Query("q2", "")], np.array([id_.encode() for id_ in ids]))


@pytest.mark.parametrize("write", [json_lines, zipped, lsr, scipy_csr, parquet])
def test_every_form_gives_the_inner_products(write, tmp_path):
    np.testing.assert_allclose(scored(model(tmp_path, write)).scores.toarray(), EXPECTED)


def test_documents_in_another_order_and_without_a_vector(tmp_path):
    found = scored(model(tmp_path), ids=("d3", "unknown", "d1"))
    np.testing.assert_allclose(found.scores.toarray(), [[1.5, 0, 2.0], [0, 0, 0]])
    assert found.notes == {"documents_without_vector": 1}


def test_a_query_without_a_vector_is_an_error(tmp_path):
    with pytest.raises(ModelError, match="no vector of query 'q9'; 1 of 1 lack one"):
        model(tmp_path).score([Query("q9", "")], np.array([b"d1"]))


def test_vectors_of_two_vocabularies_are_refused(tmp_path):
    """Numbers for queries and words for documents would make every score 0."""
    with pytest.raises(ModelError, match="share no term"):
        scored(model(tmp_path, queries={"q1": {"17": 1.0}, "q2": {"4": 1.0}}))


def test_a_changed_weight_changes_the_key(tmp_path):
    before = model(tmp_path).identity()
    assert model(tmp_path).identity() == before
    assert model(tmp_path, documents={**DOCUMENTS, "d2": {"dog": 2.0}}).identity() != before


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ("{", r"doc\.jsonl:1: is not"),
        ('{"id": "d1"}', r"doc\.jsonl:1: is not"),
        ('{"id": "d1", "vector": {"a": "much"}}', r"doc\.jsonl:1: is not"),
        ('{"id": "d1", "vector": {"a": NaN}}', r"doc\.jsonl:1: a weight is not finite"),
        ('{"id": "d1", "vector": {"a": -1}}', "negative or not finite"),
        ('{"id": "d1", "vector": {}}\n{"id": "d1", "vector": {}}', "an id is there twice"),
        ("", "holds no vector"),
    ],
)
def test_what_is_no_vector_is_named_by_its_place(line, said, tmp_path):
    found = model(tmp_path)
    (tmp_path / "doc.jsonl").write_text(line)
    with pytest.raises(ModelError, match=said):
        scored(found)


def test_an_npz_needs_as_many_ids_as_vectors(tmp_path):
    found = model(tmp_path, lsr)
    (tmp_path / "doc-ids.txt").write_text("d1\n")
    with pytest.raises(ModelError, match=r"3 vectors of 5 entries, and .*doc-ids\.txt has 1 ids"):
        scored(found)
    (tmp_path / "doc-ids.txt").unlink()
    with pytest.raises(ModelError, match="`document_ids` and `query_ids` name files of ids"):
        scored(found)


def test_files_that_are_not_there_are_missing(tmp_path):
    found = SparseVectors(documents=tmp_path / "a.jsonl", queries=tmp_path / "b.jsonl")
    assert found.missing() == [f"{tmp_path / 'a.jsonl'} is not there", f"{tmp_path / 'b.jsonl'} is not there"]
