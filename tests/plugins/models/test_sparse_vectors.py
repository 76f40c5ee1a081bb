"""Vectors that somebody else made, in four forms: the same scores from each."""

from __future__ import annotations

import gzip
import json
from dataclasses import replace

import numpy as np
import pytest
from scipy.sparse import csr_matrix, save_npz

from sparsebench import Document
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


def loaded(found, ids=("d1", "d2", "d3")):
    return found.encoder_for(lambda: (Document(id_, "") for id_ in ids), "cpu")


def scored(found, ids=("d1", "d2", "d3"), queries=("q1", "q2")):
    encoder = loaded(found, ids)
    documents = encoder.encode(list(ids), "document").vectors
    return (encoder.encode(list(queries), "query").vectors @ documents.T).toarray()


@pytest.mark.parametrize("write", [json_lines, zipped, lsr, scipy_csr, parquet])
def test_every_form_gives_the_inner_products(write, tmp_path):
    np.testing.assert_allclose(scored(model(tmp_path, write)), EXPECTED)


def test_documents_in_another_order_and_without_a_vector(tmp_path):
    ids = ("d3", "unknown", "d1")
    np.testing.assert_allclose(scored(model(tmp_path), ids), [[1.5, 0, 2.0], [0, 0, 0]])
    assert loaded(model(tmp_path), ids).provenance() == {"documents_without_vector": 1}


def test_a_query_without_a_vector_is_an_error(tmp_path):
    with pytest.raises(ModelError, match="no vector of query 'q9'; 1 of 2 lack one"):
        scored(model(tmp_path), queries=("q1", "q9"))


def test_vectors_of_two_vocabularies_are_refused(tmp_path):
    """Numbers for queries and words for documents would make every score 0."""
    with pytest.raises(ModelError, match="share no term"):
        scored(model(tmp_path, queries={"q1": {"17": 1.0}, "q2": {"4": 1.0}}))


def test_a_changed_weight_changes_the_key(tmp_path):
    before = model(tmp_path).identity("document")
    assert model(tmp_path).identity("document") == before
    assert model(tmp_path, documents={**DOCUMENTS, "d2": {"dog": 2.0}}).identity("document") != before


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
    with pytest.raises(ModelError, match=r"3 vectors of 5 entries, 5 terms; and .*doc-ids\.txt has 1 ids"):
        scored(found)
    (tmp_path / "doc-ids.txt").unlink()
    with pytest.raises(ModelError, match="`document_ids` and `query_ids` name files of ids"):
        scored(found)


def test_files_that_are_not_there_are_missing(tmp_path):
    found = SparseVectors(documents=tmp_path / "a.jsonl", queries=tmp_path / "b.jsonl")
    assert found.missing() == [f"{tmp_path / 'a.jsonl'} is not there", f"{tmp_path / 'b.jsonl'} is not there"]


def test_numbers_and_names_are_dimensions_of_a_vocabulary(tmp_path):
    """BERT's vocab.txt: a number of SciPy is its line, a term is looked up, and texts have tokens."""
    vocabulary = tmp_path / "vocab.txt"
    vocabulary.write_text("\n".join([*TERMS, "[UNK]", "[CLS]", "[SEP]", "[PAD]", "[MASK]"]) + "\n")
    for write in (json_lines, scipy_csr):
        folder = tmp_path / write.__name__
        folder.mkdir()
        found = loaded(replace(model(folder, write), vocabulary=vocabulary))
        assert found.vocabulary.token_ids(["the dog cat"])[0][1:] == [1, 0]
        assert not found.vocabulary.is_latent
        np.testing.assert_array_equal(found.encode(["d2"], "document").vectors.toarray()[0, :4], [0, 3, 0, 0])


def test_a_term_that_the_vocabulary_lacks_is_named(tmp_path):
    vocabulary = tmp_path / "vocab.txt"
    vocabulary.write_text("[UNK]\n[CLS]\n[SEP]\ncat\n")
    with pytest.raises(ModelError, match=r"vocab\.txt has no term 'mat'"):
        loaded(replace(model(tmp_path), vocabulary=vocabulary))


def test_a_list_of_words_is_no_vocabulary(tmp_path):
    """It says which dimensions there are, and not which tokens a text has."""
    vocabulary = tmp_path / "words.txt"
    vocabulary.write_text("cat\nmat\n")
    with pytest.raises(ModelError, match=r"is neither a tokenizer\.json nor a vocab\.txt of BERT"):
        loaded(replace(model(tmp_path), vocabulary=vocabulary))


def compressed(folder, ids=b"d1\nd2\n", **arrays):
    whole = {"data": [1.0, 2.0], "indices": ["cat", "dog"], "indptr": [0, 1, 2]}
    np.savez(folder / "doc.npz", **{**whole, **arrays})
    (folder / "doc-ids.txt").write_bytes(ids)
    return SparseVectors(documents=folder / "doc.npz", queries=json_lines(folder, "query", QUERIES))


@pytest.mark.parametrize(
    ("arrays", "said"),
    [
        ({"indices": ["cat", "cat"], "indptr": [0, 2, 2]}, "the vector of 'd1' has a term twice"),
        ({"format": np.array(b"csc")}, "is SciPy's format b'csc', not rows"),
        ({"data": [[1.0], [2.0]]}, "must have one dimension"),
        ({"data": [1j, 2.0]}, "data must be numbers"),
        ({"data": ["a", "b"]}, "data must be numbers"),
        ({"indices": [0.0, 1.0]}, "indices whole numbers or terms"),
        ({"indptr": [0.0, 1.0, 2.0]}, "indptr whole numbers"),
        ({"indptr": [1, 1, 2]}, "indptr must rise from 0"),
        ({"indptr": [0, 3, 2]}, "indptr must rise from 0"),
        ({"data": [1e39, 1.0]}, "negative or not finite"),
        ({"ids": b"\xff\nd2\n"}, "is no text of ids in UTF-8"),
        ({"ids": b"d1\nd1\n"}, "an id is there twice"),
    ],
)
def test_compressed_rows_that_could_be_read_in_two_ways_are_refused(arrays, said, tmp_path):
    with pytest.raises(ModelError, match=said):
        loaded(compressed(tmp_path, **arrays))


def test_entries_need_no_order_and_a_weight_that_rounds_to_0_is_not_active(tmp_path):
    arrays = {"data": [1.0, 2.0, 1e-60], "indices": ["mat", "cat", "cat"], "indptr": [0, 2, 3]}
    found = loaded(compressed(tmp_path, **arrays))
    vectors = found.encode(["d1", "d2"], "document").vectors
    assert vectors.nnz == 2
    np.testing.assert_allclose((vectors @ found.encode(["q1"], "query").vectors.T).toarray(), [[2.0], [0.0]])


@pytest.mark.parametrize(
    ("name", "content", "said"),
    [
        ("doc.npz", b"PK\x03\x04abc", "is no npz of data, indices and indptr"),
        ("doc.npz", b"", "is no npz of data, indices and indptr"),
        ("doc.jsonl.gz", gzip.compress(b'{"id": "d1", "vector": {"cat": 1}}\n' * 50)[:-12], "is it whole"),
        ("doc.jsonl.gz", b'{"id"', "is it whole"),
        ("doc.jsonl", b'{"id": "\xff", "vector": {"cat": 1}}', "cannot be read as lines of JSON"),
        ("doc.jsonl", b'{"id": "d1", "vector": {"cat": 1, "cat": 2}}', r"doc.jsonl:1: .*'cat' is there twice"),
        ("doc.jsonl", b'{"id": null, "vector": {"cat": 1}}', "the id None is neither text"),
        ("doc.jsonl", b'{"id": "d1", "vector": {"cat": 1' + b"0" * 400 + b"}}", "doc.jsonl:1: is not"),
        ("doc.jsonl", b"[" * 100_000, "doc.jsonl:1: is not"),
    ],
)
def test_a_damaged_file_of_vectors_is_refused_by_name(name, content, said, tmp_path):
    (tmp_path / name).write_bytes(content)
    with pytest.raises(ModelError, match=said):
        loaded(SparseVectors(documents=tmp_path / name, queries=json_lines(tmp_path, "query", QUERIES)))


@pytest.mark.parametrize(
    ("column", "said"), [([[1.0], [2.0]], "'d1' is no map"), ([[("cat", 1.0), ("cat", 2.0)], []], "a term twice")]
)
def test_a_column_that_is_no_map_or_has_a_term_twice_is_refused(column, said, tmp_path):
    pa = pytest.importorskip("pyarrow")
    import pyarrow.parquet

    kind = pa.map_(pa.string(), pa.float64()) if "twice" in said else None
    table = pa.table({"id": ["d1", "d2"], "vector": pa.array(column, type=kind)})
    pyarrow.parquet.write_table(table, tmp_path / "doc.parquet")
    with pytest.raises(ModelError, match=said):
        loaded(SparseVectors(documents=tmp_path / "doc.parquet", queries=json_lines(tmp_path, "query", QUERIES)))


def test_an_index_beyond_any_vocabulary_is_refused_before_it_takes_memory(tmp_path):
    (tmp_path / "vocab.txt").write_text("[PAD]\n[UNK]\n[CLS]\n[SEP]\n[MASK]\ncat\ndog\nfish\n")
    with pytest.raises(ModelError, match="the index 1099511627776, and no vocabulary is so large"):
        loaded(replace(compressed(tmp_path, indices=[5, 2**40]), vocabulary=tmp_path / "vocab.txt"))
