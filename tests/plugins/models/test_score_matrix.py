"""Scores and features that someone holds already."""

from __future__ import annotations

import math
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import torch
from safetensors.numpy import save_file
from safetensors.torch import save_file as save_torch_file

from sparsebench import Query
from sparsebench.errors import ModelError
from sparsebench.registry.parameters import ParameterError, path_parameters, validate
from sparsebench_plugins.models.score_matrix import ScoreMatrix
from sparsebench_plugins.models.score_matrix.arrays import read_array

SCORES = np.array([[1.0, 0.5, -0.25], [0.0, 2.0, 0.75]], dtype=np.float32)
QUERIES = [Query("q0", ""), Query("q1", "")]
DOC_IDS = np.array([b"d0", b"d1", b"d\xc3\xa9"])
MAPS = Path("/proc/self/maps")

Save = Callable[..., Path]


@pytest.fixture
def save(tmp_path: Path) -> Save:
    def save(name: str, content: np.ndarray | list[str]) -> Path:
        path = tmp_path / name
        if isinstance(content, list):
            path.write_text("".join(f"{line}\n" for line in content), encoding="utf-8")
        elif path.suffix == ".safetensors":
            save_file({"scores": content}, path)
        else:
            np.save(path, content, allow_pickle=False)
        return path

    return save


@pytest.mark.parametrize("name", ["scores.npy", "scores.safetensors"])
def test_a_matrix_is_in_the_order_of_the_collection(save: Save, name: str) -> None:
    scored = ScoreMatrix(matrix=save(name, SCORES)).score(QUERIES, DOC_IDS)
    assert isinstance(scored.scores, np.ndarray)
    assert scored.scores.tolist() == SCORES.tolist()
    assert scored.notes == {"matrix_documents_left_out": 0}
    assert ScoreMatrix.dense


def test_a_npy_file_stays_on_the_disk(save: Save) -> None:
    assert isinstance(ScoreMatrix(matrix=save("a.npy", SCORES)).score(QUERIES, DOC_IDS).scores, np.memmap)
    transposed = ScoreMatrix(matrix=save("b.npy", SCORES.T.copy()), transpose=True).score(QUERIES, DOC_IDS)
    assert isinstance(transposed.scores, np.memmap)
    assert transposed.scores.tolist() == SCORES.tolist()


@pytest.mark.skipif(not MAPS.exists(), reason="this system does not tell what is mapped into memory")
def test_a_safetensors_file_stays_on_the_disk(save: Save) -> None:
    path = save("scores.safetensors", SCORES)
    scored = ScoreMatrix(matrix=path).score(QUERIES, DOC_IDS)
    assert str(path) in MAPS.read_text()
    assert scored.scores.tolist() == SCORES.tolist()


def test_ids_say_which_row_and_column_is_whose(save: Save) -> None:
    queries, documents = save("q.txt", ["q1", "other", "q0"]), save("d.txt", ["dé", "d1", "rival", "d0"])
    mixed = np.array([[0.75, 2, 9, 0], [7, 7, 7, 7], [-0.25, 0.5, 9, 1]])
    plain = ScoreMatrix(matrix=save("a.npy", mixed), query_ids=queries, document_ids=documents)
    turned = ScoreMatrix(matrix=save("b.npy", mixed.T), query_ids=queries, document_ids=documents, transpose=True)
    for model in (plain, turned):
        scored = model.score(QUERIES, DOC_IDS)
        assert scored.scores.tolist() == SCORES.tolist()
        assert scored.notes == {"matrix_documents_left_out": 1}


def test_both_directions_are_one_matrix(save: Save) -> None:
    path, captions, videos = save("a.npy", SCORES), save("c.txt", ["c0", "c1"]), save("v.txt", ["v0", "v1", "v2"])
    there = ScoreMatrix(matrix=path, query_ids=captions, document_ids=videos)
    back = ScoreMatrix(matrix=path, query_ids=videos, document_ids=captions, transpose=True)
    to_video = there.score([Query("c1", "")], np.array([b"v2", b"v0"])).scores
    to_text = back.score([Query("v2", ""), Query("v0", "")], np.array([b"c1"])).scores
    assert to_video.tolist() == to_text.T.tolist() == [[0.75, 0]]


def test_features_are_compared_by_cosine_or_dot_product(save: Save) -> None:
    queries = save("q.npy", np.array([[3.0, 4.0], [0.0, 2.0]], np.float32))
    documents = save("d.safetensors", np.array([[1.0, 0.0], [0.0, 5.0], [-3.0, -4.0]], np.float32))
    cosine = ScoreMatrix(query_features=queries, document_features=documents).score(QUERIES, DOC_IDS)
    dot = ScoreMatrix(query_features=queries, document_features=documents, similarity="dot").score(QUERIES, DOC_IDS)
    np.testing.assert_allclose(cosine.scores, [[0.6, 0.8, -1], [0, 1, -0.8]], rtol=0, atol=1e-7)
    assert dot.scores.tolist() == [[3, 20, -25], [0, 10, -8]]
    assert cosine.scores.dtype == np.float32


def test_features_in_bfloat16_are_read(tmp_path: Path) -> None:
    save_torch_file({"x": torch.tensor([[1.5, -2.0]], dtype=torch.bfloat16)}, tmp_path / "x.safetensors")
    assert read_array(tmp_path / "x.safetensors").tolist() == [[1.5, -2.0]]


BANK = [Query("q1", ""), Query("q7", "")]  # q1 of another collection
OWN = np.array([b"d1", b"e1"])


def test_a_bank_brings_matrices_of_its_own(save: Save) -> None:
    model = ScoreMatrix(
        matrix=save("a.npy", SCORES),
        bank_matrix=save("b.npy", np.array([[1.0, 2.0, 3.0], [4.0, 5.0, 6.0], [7.0, 8.0, 9.0]])),
        bank_gallery_matrix=save("c.npy", np.array([[1.0, 2.0], [4.0, 5.0], [7.0, 8.0]])),
        bank_query_ids=save("q.txt", ["q7", "q1", "q2"]),
    )
    assert model.score_bank(BANK, DOC_IDS, same_collection=False).scores.tolist() == [[4, 5, 6], [1, 2, 3]]
    assert model.score_bank(BANK, DOC_IDS, same_collection=True).scores.tolist() == [[4, 5, 6], [1, 2, 3]]
    own = model.score_bank(BANK, OWN, same_collection=False, own_gallery=True)
    assert own.scores.tolist() == [[4, 5], [1, 2]]


def test_a_bank_brings_features_of_its_own(save: Save) -> None:
    model = ScoreMatrix(
        query_features=save("q.npy", np.array([[1.0], [2.0]])),
        document_features=save("d.npy", np.array([[1.0], [2.0], [3.0]])),
        similarity="dot",
        bank_query_features=save("b.npy", np.array([[5.0], [6.0]])),
        bank_document_features=save("e.npy", np.array([[7.0], [8.0]])),
        bank_document_ids=save("e.txt", ["e1", "d1"]),
    )
    assert model.score_bank(BANK, DOC_IDS, same_collection=False).scores.tolist() == [[5, 10, 15], [6, 12, 18]]
    own = model.score_bank(BANK, OWN, same_collection=False, own_gallery=True)
    assert own.scores.tolist() == [[40, 35], [48, 42]]


def test_a_bank_of_the_same_collection_may_lie_in_the_same_matrix(save: Save) -> None:
    model = ScoreMatrix(matrix=save("a.npy", SCORES), query_ids=save("q.txt", ["q0", "q1"]))
    assert model.score_bank([Query("q1", "")], DOC_IDS, same_collection=True).scores.tolist() == [[0, 2, 0.75]]


def test_a_bank_that_is_not_there_is_asked_for_by_name(save: Save) -> None:
    given = ScoreMatrix(matrix=save("a.npy", SCORES))
    with pytest.raises(ModelError, match="give it `bank_matrix:`"):
        given.score_bank(BANK, DOC_IDS, same_collection=False)
    with pytest.raises(ModelError, match="give it `bank_gallery_matrix:`"):
        given.score_bank(BANK, OWN, same_collection=True, own_gallery=True)
    held = ScoreMatrix(query_features=save("q.npy", SCORES), document_features=save("d.npy", SCORES))
    with pytest.raises(ModelError, match="give it `bank_query_features:` and `bank_document_features:`"):
        held.score_bank(BANK, OWN, same_collection=False, own_gallery=True)


@pytest.mark.parametrize("broken", [math.nan, math.inf, -math.inf])
@pytest.mark.parametrize("name", ["a.npy", "a.safetensors"])
def test_numbers_that_are_not_finite_are_refused_with_their_place(save: Save, name: str, broken: float) -> None:
    scores = np.zeros((1500, 3))
    scores[1200, 2] = broken
    with pytest.raises(ModelError, match=rf"a\.\w+: {broken} in row 1200, column 2"):
        read_array(save(name, scores))


@pytest.mark.parametrize("content", [np.zeros(3), np.zeros((2, 2, 2)), np.array([["a"]]), np.array([[True]])])
def test_anything_but_a_matrix_of_numbers_is_refused(save: Save, content: np.ndarray) -> None:
    with pytest.raises(ModelError, match="should hold a matrix of real numbers"):
        read_array(save("a.npy", content))


def test_no_pickle_is_ever_loaded(tmp_path: Path) -> None:
    class Trap:
        def __reduce__(self) -> tuple[object, tuple[str]]:
            return os.mkdir, (str(tmp_path / "sprung"),)

    np.save(tmp_path / "trap.npy", np.array([[Trap()]], dtype=object), allow_pickle=True)
    with pytest.raises(ModelError, match=r"trap\.npy: it holds Python objects"):
        read_array(tmp_path / "trap.npy")
    assert not (tmp_path / "sprung").exists()


@pytest.mark.parametrize("name", ["a.npy", "a.safetensors"])
def test_a_truncated_file_is_refused(save: Save, name: str) -> None:
    path = save(name, SCORES)
    path.write_bytes(path.read_bytes()[:-4])
    with pytest.raises(ModelError, match="cannot be read as"):
        read_array(path)


def test_a_file_of_two_tensors_does_not_say_which(tmp_path: Path) -> None:
    save_file({"text": SCORES, "video": SCORES}, tmp_path / "a.safetensors")
    with pytest.raises(ModelError, match=r"it holds 2 arrays: text, video\. Say which: `keys:"):
        read_array(tmp_path / "a.safetensors")


def test_sizes_must_agree_where_there_are_no_ids(save: Save) -> None:
    model = ScoreMatrix(matrix=save("a.npy", SCORES))
    with pytest.raises(ModelError, match=r"2 rows of queries, and 1 queries are asked for.*`query_ids:`"):
        model.score(QUERIES[:1], DOC_IDS)
    with pytest.raises(ModelError, match=r"3 rows of documents, and 2 documents are asked for.*`document_ids:`"):
        model.score(QUERIES, DOC_IDS[:2])


@pytest.mark.parametrize(
    ("ids", "message"),
    [
        (["q0"], "1 ids for 2 rows of queries"),
        (["q0", "q0"], r"q\.txt:2: id 'q0' is already at line 1"),
        (["q0", "x"], r"1 of 2 queries are not there, such as 'q1'"),
    ],
)
def test_ids_that_do_not_fit_are_refused(save: Save, ids: list[str], message: str) -> None:
    with pytest.raises(ModelError, match=message):
        ScoreMatrix(matrix=save("a.npy", SCORES), query_ids=save("q.txt", ids)).score(QUERIES, DOC_IDS)


def test_features_must_be_of_one_space_and_have_a_direction(save: Save) -> None:
    queries = save("q.npy", np.array([[1.0, 0.0], [0.0, 0.0]]))
    with pytest.raises(ModelError, match="queries have 2 dimensions and those of documents 3"):
        ScoreMatrix(query_features=queries, document_features=save("d.npy", np.ones((3, 3)))).score(QUERIES, DOC_IDS)
    documents = save("e.npy", np.ones((3, 2)))
    with pytest.raises(ModelError, match="features of queries in row 1"):
        ScoreMatrix(query_features=queries, document_features=documents).score(QUERIES, DOC_IDS)


@pytest.mark.parametrize(
    ("params", "message"),
    [
        ({}, "there is none of them"),
        ({"query_features": "a.npy"}, "there is query_features"),
        ({"matrix": "a.npy", "document_features": "b.npy"}, "there is matrix, document_features"),
        ({"query_features": "a.npy", "document_features": "b.npy", "bank_matrix": "c.npy"}, "there is bank_matrix"),
        ({"query_features": "a.npy", "document_features": "b.npy", "transpose": True}, "the other way"),
        ({"matrix": "a.h5"}, r"`matrix`: a\.h5 is none of \.npy.*np\.save.*h5py"),
        ({"matrix": "a.npy", "similarity": "cos"}, "'cosine' or 'dot'"),
    ],
)
def test_parameters_that_do_not_go_together_are_refused(params: dict[str, object], message: str) -> None:
    with pytest.raises(ParameterError, match=message):
        validate(ScoreMatrix, params)


def test_the_identity_is_the_content_and_how_it_is_read(save: Save) -> None:
    first = ScoreMatrix(matrix=save("a.npy", SCORES)).identity()
    assert ScoreMatrix(matrix=save("b.npy", SCORES)).identity() == first
    assert ScoreMatrix(matrix=save("b.npy", SCORES), transpose=True).identity() != first
    assert ScoreMatrix(matrix=save("b.npy", SCORES + 1)).identity() != first
    with_bank = ScoreMatrix(matrix=save("a.npy", SCORES), bank_matrix=save("c.npy", SCORES))
    assert with_bank.identity() != first


def test_files_that_are_not_there_are_missing(tmp_path: Path) -> None:
    model = ScoreMatrix(matrix=tmp_path / "absent.npy", query_ids=tmp_path / "ids.txt")
    assert [line.rpartition("; ")[2] for line in model.missing()] == ["set `matrix:`", "set `query_ids:`"]
    with pytest.raises(ModelError, match=r"absent\.npy"):
        model.identity()
    assert {"matrix", "bank_document_ids", "query_features"} <= path_parameters(ScoreMatrix)


def test_importing_it_imports_no_torch() -> None:
    code = "import sys, sparsebench_plugins.models.score_matrix; print('torch' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=True, capture_output=True).stdout == b"False\n"


@pytest.mark.parametrize("content", [{"sims": SCORES}, np.array([[1, "a"]], dtype=object)])
def test_a_pickle_is_refused_without_advice_to_load_it_unsafely(tmp_path: Path, content: object) -> None:
    np.save(tmp_path / "s.npy", np.array(content, dtype=object), allow_pickle=True)
    with pytest.raises(ModelError, match="holds Python objects") as caught:
        read_array(tmp_path / "s.npy")
    assert "allow_pickle" not in str(caught.value)
    assert "unsafe" not in str(caught.value)


def test_an_archive_that_is_named_npy_is_told_apart(tmp_path: Path) -> None:
    np.savez(tmp_path / "s.npz", scores=SCORES)
    (tmp_path / "s.npz").rename(tmp_path / "s.npy")
    with pytest.raises(ModelError, match=r"archive of several arrays: name it \.npz"):
        read_array(tmp_path / "s.npy")
