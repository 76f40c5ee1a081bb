"""The files that people save their scores in: read as they are, or refused with the way out."""

from __future__ import annotations

import os
import pickle
from pathlib import Path

import numpy as np
import pytest
import torch
from safetensors.numpy import save_file
from scipy.io import savemat

from sparsebench import Query
from sparsebench.errors import ModelError
from sparsebench.registry.parameters import ParameterError, validate
from sparsebench.search import MatrixScores
from sparsebench_plugins.models.score_matrix import ScoreMatrix
from sparsebench_plugins.models.score_matrix.arrays import read_array

SCORES = np.array([[1.0, 0.5, -0.25], [0.0, 2.0, 0.75]])
QUERIES = [Query("q0", ""), Query("q1", "")]
DOC_IDS = np.array([b"d0", b"d1", b"d2"])


def written(path: Path) -> Path:
    """SCORES in a file of that suffix, beside another array where it can hold two."""
    both = {"sims": SCORES, "other": SCORES[:1]}
    match path.suffix:
        case ".npz":
            np.savez(path, **both)
        case ".safetensors":
            save_file(both, path)
        case ".mat":
            savemat(path, both)
        case ".pt" | ".pth":
            torch.save({name: torch.from_numpy(array) for name, array in both.items()}, path)
        case suffix:
            np.savetxt(path, SCORES, delimiter={".csv": ",", ".tsv": "\t", ".txt": " "}[suffix])
    return path


@pytest.mark.parametrize("suffix", [".npz", ".safetensors", ".mat", ".pt", ".pth"])
def test_a_named_array_is_read_and_an_unnamed_one_asked_for(tmp_path: Path, suffix: str) -> None:
    path = written(tmp_path / f"scores{suffix}")
    scored = ScoreMatrix(matrix=path, keys={"matrix": "sims"}).score(QUERIES, DOC_IDS).scores
    assert scored.dtype == np.float64
    np.testing.assert_array_equal(scored, SCORES)
    with pytest.raises(ModelError, match=r"holds 2 arrays: (sims, other|other, sims)\. Say which: `keys:"):
        read_array(path)
    with pytest.raises(ModelError, match="no array 'absent' in it; there is: "):
        read_array(path, name="absent")


@pytest.mark.parametrize("suffix", [".csv", ".tsv", ".txt"])
def test_tables_of_numbers_are_read_to_the_last_digit(tmp_path: Path, suffix: str) -> None:
    path = written(tmp_path / f"scores{suffix}")
    np.testing.assert_array_equal(ScoreMatrix(matrix=path).score(QUERIES, DOC_IDS).scores, SCORES)
    with pytest.raises(ModelError, match="without a name, and `keys:` asks for 'sims'"):
        read_array(path, name="sims")


def test_one_row_of_numbers_is_a_matrix(tmp_path: Path) -> None:
    (tmp_path / "s.csv").write_text("0.1,0.2\n")
    assert read_array(tmp_path / "s.csv").tolist() == [[0.1, 0.2]]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("id,d0,d1\n1,2,3\n", r"s\.csv:1:1: 'id' is no number\. .*remove the header"),
        ("1,2\nq1,3\n", r"s\.csv:2:1: 'q1' is no number\. .*remove the column of ids"),
        ("1,2\n3,\n", r"s\.csv:2:2: '\\n'|s\.csv:2:2: '' is no number; .*missing_value"),
        ("1,2\n3,4,5\n", r"s\.csv:2: 3 numbers, and the first row has 2"),
    ],
)
def test_a_field_that_is_no_number_is_named_by_its_place(tmp_path: Path, text: str, message: str) -> None:
    (tmp_path / "s.csv").write_text(text)
    with pytest.raises(ModelError, match=message):
        read_array(tmp_path / "s.csv")


def test_a_tensor_alone_needs_no_name_and_bfloat16_becomes_float32(tmp_path: Path) -> None:
    torch.save(torch.tensor([[0.5, 0.25]], dtype=torch.bfloat16, requires_grad=True), tmp_path / "s.pt")
    assert read_array(tmp_path / "s.pt").tolist() == [[0.5, 0.25]]
    torch.save([torch.zeros(1)], tmp_path / "list.pt")
    with pytest.raises(ModelError, match=r"holds a list, neither a tensor nor named ones.*torch\.save"):
        read_array(tmp_path / "list.pt")
    torch.save(torch.eye(2).to_sparse(), tmp_path / "sparse.pt")
    with pytest.raises(ModelError, match="to_dense"):
        read_array(tmp_path / "sparse.pt")


class Trap:
    """Makes a folder when it is loaded."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def __reduce__(self) -> tuple[object, tuple[str]]:
        return os.mkdir, (str(self.path),)


@pytest.mark.parametrize("name", ["s.pt", "s.npz", "s.pth"])
def test_what_would_run_code_is_refused_without_advice_to_run_it(tmp_path: Path, name: str) -> None:
    trap, path = Trap(tmp_path / "sprung"), tmp_path / name
    if path.suffix == ".npz":
        np.savez(path, sims=np.array([[trap]], dtype=object))
    elif path.suffix == ".pt":
        torch.save({"sims": trap}, path)
    else:
        path.write_bytes(pickle.dumps({"sims": trap}))
    with pytest.raises(ModelError, match=r"Python objects \(a pickle\)") as caught:
        read_array(path)
    assert not (tmp_path / "sprung").exists()
    for advice in ("unsafe", "allow_pickle", "weights_only"):
        assert advice not in str(caught.value)


@pytest.mark.parametrize(("name", "way"), [("s.pkl", "pickle"), ("s.h5", "h5py"), ("s.parquet", "read_parquet")])
def test_a_file_that_is_not_read_says_what_makes_it_one(name: str, way: str) -> None:
    with pytest.raises(ParameterError, match=rf"{name} is none of \.npy.*{way}"):
        validate(ScoreMatrix, {"matrix": name})


def test_a_mat_of_version_7_3_says_how_to_convert_it(tmp_path: Path) -> None:
    head = b"MATLAB 7.3 MAT-file, Platform: GLNXA64".ljust(116) + bytes(8) + b"\x00\x02IM"
    (tmp_path / "s.mat").write_bytes(head + b"\x89HDF\r\n\x1a\n" + bytes(512))
    with pytest.raises(ModelError, match=r"version 7\.3, which is HDF5; convert it: .*-v7"):
        read_array(tmp_path / "s.mat")


@pytest.mark.parametrize(("mark", "missing"), [(-100.0, -100), (np.nan, "nan"), (-np.inf, "-inf")])
@pytest.mark.parametrize("kind", [np.float16, np.float32, np.float64])
def test_a_missing_pair_is_unseen(tmp_path: Path, mark: float, missing: float | str, kind: type) -> None:
    scores = SCORES.astype(kind)
    scores[0, 1] = scores[1, 2] = mark
    np.save(tmp_path / "s.npy", scores)
    model = ScoreMatrix(**validate(ScoreMatrix, {"matrix": str(tmp_path / "s.npy"), "missing_value": missing}))
    scored = model.score(QUERIES, DOC_IDS)
    assert scored.notes["matrix_pairs_missing"] == 2
    (block,) = MatrixScores(scored.scores)
    assert block.scores.tolist() == [[1.0, -np.inf, -0.25], [0.0, 2.0, -np.inf]]


def test_a_pair_without_a_score_says_how_to_take_it(tmp_path: Path) -> None:
    np.save(tmp_path / "s.npy", np.array([[1.0, np.nan]]))
    with pytest.raises(ModelError, match=r"nan in row 0, column 1.*`missing_value: nan`"):
        read_array(tmp_path / "s.npy")
    with pytest.raises(ParameterError, match="features give every pair a score"):
        validate(ScoreMatrix, {"query_features": "a.npy", "document_features": "b.npy", "missing_value": "nan"})


def test_float64_stays_float64_and_other_numbers_that_are_rounded_are_counted(tmp_path: Path) -> None:
    close = 1 + np.arange(6).reshape(2, 3) * 1e-9
    np.save(tmp_path / "close.npy", close)
    np.testing.assert_array_equal(ScoreMatrix(matrix=tmp_path / "close.npy").score(QUERIES, DOC_IDS).scores, close)
    np.save(tmp_path / "large.npy", np.array([[2**53, 2**53 + 1, 2**63 - 1], [1, 2, 3]]))
    scored = ScoreMatrix(matrix=tmp_path / "large.npy").score(QUERIES, DOC_IDS)
    assert scored.notes["matrix_scores_rounded"] == 2
    assert "matrix_scores_rounded" not in ScoreMatrix(matrix=tmp_path / "close.npy").score(QUERIES, DOC_IDS).notes


def test_features_of_float64_are_compared_in_float64(tmp_path: Path) -> None:
    np.save(tmp_path / "q.npy", np.array([[1.0], [2.0]]))
    np.save(tmp_path / "d.npy", np.array([[1.0], [1 + 1e-12], [3.0]]))
    model = ScoreMatrix(query_features=tmp_path / "q.npy", document_features=tmp_path / "d.npy", similarity="dot")
    first = model.score(QUERIES, DOC_IDS).scores[0]
    assert first.tolist() == [1.0, 1 + 1e-12, 3.0]


def test_ids_are_read_of_columns_of_a_csv(tmp_path: Path) -> None:
    np.save(tmp_path / "s.npy", SCORES)
    (tmp_path / "ids.csv").write_text('key,video_id,sentence\nq1,d2,"a, b"\nq0,d1,c\nq9,d2,d\nq8,d0,e\n')
    (tmp_path / "queries.csv").write_text("\ufeffkey,sentence\nq1,a\nq0,b\n", encoding="utf-8")
    model = ScoreMatrix(
        matrix=tmp_path / "s.npy",
        query_ids=tmp_path / "queries.csv",
        document_ids=tmp_path / "ids.csv",
        id_columns={"query_ids": "key", "document_ids": "video_id"},
    )
    np.testing.assert_array_equal(model.score(QUERIES, DOC_IDS).scores, SCORES[::-1][:, [2, 1, 0]])
    other = ScoreMatrix(matrix=tmp_path / "s.npy", query_ids=tmp_path / "ids.csv", id_columns={"query_ids": "keys"})
    with pytest.raises(ModelError, match=r"ids\.csv:1: there is no column 'keys'; there is: 'key', 'video_id'"):
        other.score(QUERIES, DOC_IDS)


def test_how_a_file_is_read_is_part_of_the_identity(tmp_path: Path) -> None:
    path = written(tmp_path / "s.npz")
    chosen = [ScoreMatrix(matrix=path, keys={"matrix": name}).identity() for name in ("sims", "other")]
    assert chosen[0] != chosen[1]
    np.save(tmp_path / "s.npy", SCORES)
    plain = ScoreMatrix(matrix=tmp_path / "s.npy")
    assert ScoreMatrix(matrix=tmp_path / "s.npy", missing_value=0.5).identity() != plain.identity()
    assert hash(ScoreMatrix(matrix=path, keys={"matrix": "sims"}))


@pytest.mark.parametrize(
    ("params", "message"),
    [
        ({"matrix": "a.npz", "keys": {"bank_matrix": "x"}}, "`keys`: 'bank_matrix' is none of the files given: matrix"),
        ({"matrix": "a.npz", "id_columns": {"query_ids": "x"}}, "'query_ids' is none of the files given: none"),
    ],
)
def test_a_key_of_a_file_that_is_not_given_is_refused(params: dict[str, object], message: str) -> None:
    with pytest.raises(ParameterError, match=message):
        validate(ScoreMatrix, params)


def test_features_of_frames_and_stacked_captions_say_what_to_do(tmp_path: Path) -> None:
    np.save(tmp_path / "s.npy", np.zeros((4, 3, 2)))
    with pytest.raises(ModelError, match=r"holds float64 \(4, 3, 2\)\. Features of frames are pooled.*reshape"):
        read_array(tmp_path / "s.npy")
