from __future__ import annotations

import pytest

from sparsebench.errors import ModelError
from sparsebench_plugins.models.splade import Splade
from sparsebench_plugins.models.splade.output_ids import read_output_ids


def test_a_number_stands_for_the_ids_below_it():
    assert read_output_ids(3).tolist() == [0, 1, 2]


def test_a_file_holds_one_id_a_line_in_any_order(tmp_path):
    (tmp_path / "ids.txt").write_text("7\n0\n12\n")
    assert read_output_ids(tmp_path / "ids.txt").tolist() == [0, 7, 12]


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("1\nx\n", r"ids\.txt:2: 'x' is not an id"),
        ("-1\n", r"ids\.txt:1: '-1' is not an id"),
        ("1\n\n2\n", r"ids\.txt:2: '' is not an id"),
        ("4\n5\n4\n", r"ids\.txt:3: id 4 is already in line 1"),
        ("", "holds no id"),
    ],
)
def test_a_mistake_is_named_by_its_line(text, said, tmp_path):
    (tmp_path / "ids.txt").write_text(text)
    with pytest.raises(ModelError, match=said):
        read_output_ids(tmp_path / "ids.txt")


def test_a_file_that_is_not_there_is_an_error(tmp_path):
    with pytest.raises(ModelError, match="cannot be read"):
        read_output_ids(tmp_path / "ids.txt")


def test_an_id_beyond_the_vocabulary_is_an_error(make_checkpoint):
    with pytest.raises(ModelError, match="names id 20; the checkpoint has 20 dimensions"):
        Splade(checkpoint=str(make_checkpoint()), output_vocabulary=21).load("cpu")
