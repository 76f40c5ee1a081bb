"""What examples are made of: files, judgments, docpairs; and no query that is tested."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from sparsebench.errors import CollectionError, TrainingError
from sparsebench.training.examples import Examples, identify, read_examples
from sparsebench.training.overlap import without_test_queries
from sparsebench.training.recipe import Variant, load_recipe
from toys import write_collection


def _variant(folder: Path, data: str, more: str = "loss: infonce") -> Variant:
    path = folder / "recipe.yaml"
    path.write_text(f"name: toy\nbackbone: b\ndata: {{{data}}}\n{more}\n")
    (variant,) = load_recipe(path)
    return variant


def _rows(examples: Examples) -> list[tuple[str, ...]]:
    return list(zip(*(examples.texts(name, 0, len(examples)) for name in examples.columns), strict=True))


def test_every_two_texts_of_a_line_are_a_pair(tmp_path: Path) -> None:
    (tmp_path / "captions.tsv").write_text("a dog\tone dog\tdog\ncat\tthe cat\n")
    examples = read_examples(_variant(tmp_path, "pairs: captions.tsv"))
    assert _rows(examples) == [("a dog", "one dog"), ("a dog", "dog"), ("one dog", "dog"), ("cat", "the cat")]
    assert len(read_examples(_variant(tmp_path, "pairs: captions.tsv, limit: 2"))) == 2


def test_triples_with_five_columns_bring_a_teacher(tmp_path: Path) -> None:
    (tmp_path / "t.tsv").write_text("q\tgood\tbad\t9.5\t-1\n")
    examples = read_examples(_variant(tmp_path, "triples: t.tsv", "loss: kl"))
    assert _rows(examples) == [("q", "good", "bad")]
    assert examples.teacher is not None
    assert examples.teacher.tolist() == [[9.5, -1.0]]


def test_mistakes_in_triples_are_named_with_their_lines(tmp_path: Path) -> None:
    (tmp_path / "t.tsv").write_text("q\tgood\tbad\t1\t2\nq\tgood\tbad\nq\tgood\tbad\tx\t1\n")
    with pytest.raises(CollectionError) as error:
        read_examples(_variant(tmp_path, "triples: t.tsv", "loss: kl"))
    assert "t.tsv:2: this line has 3 columns, the first one 5" in str(error.value)
    assert "t.tsv:3: the teacher's scores 'x' and '1' are not both numbers" in str(error.value)
    (tmp_path / "t.tsv").write_text("q\t\tbad\n")
    with pytest.raises(CollectionError, match=r"t.tsv:1: column 2 is empty"):
        read_examples(_variant(tmp_path, "triples: t.tsv", "loss: nll"))


def test_a_beir_folder_gives_its_relevant_documents(tmp_path: Path) -> None:
    write_collection(tmp_path / "fruit")
    examples = read_examples(_variant(tmp_path, "beir: fruit"))
    assert _rows(examples) == [("fruit", "apple fruit"), ("apple pear", "pear fruit"), ("stone plum", "plum stone")]
    with pytest.raises(TrainingError, match="there is no example"):
        read_examples(_variant(tmp_path, "beir: fruit, relevant: 2"))


@pytest.fixture
def docpairs(tmp_path: Path) -> Iterator[str]:
    """A dataset of ir_datasets with two docpairs, made of local files."""
    import ir_datasets
    from ir_datasets.datasets.base import Dataset
    from ir_datasets.formats import TsvDocPairs, TsvDocs, TsvQueries
    from ir_datasets.util import Download, LocalDownload

    files = {
        "docs": "d1\tapple fruit\nd2\tpear fruit\nd3\told stone\n",
        "queries": "1\tapple\n2\tpear\n",
        "pairs": "1\td1\td3\n2\td2\td3\n",
    }
    for name, text in files.items():
        (tmp_path / name).write_text(text)
    local = {name: Download([LocalDownload(tmp_path / name)]) for name in files}
    handlers = [TsvDocs(local["docs"]), TsvQueries(local["queries"]), TsvDocPairs(local["pairs"])]
    ir_datasets.registry.register("toy-docpairs", Dataset(*handlers))
    yield "toy-docpairs"
    del ir_datasets.registry._registered["toy-docpairs"]


def test_docpairs_keep_ids_and_look_their_texts_up(docpairs: str, tmp_path: Path) -> None:
    variant = _variant(tmp_path, f"id: {docpairs}", "loss: nll")
    examples = read_examples(variant)
    assert examples.columns["positive"] == ["d1", "d2"]
    assert _rows(examples) == [("apple", "apple fruit", "old stone"), ("pear", "pear fruit", "old stone")]
    before = identify(variant.settings.data)
    (tmp_path / "pairs").write_text("1\td1\td3\n")
    assert identify(variant.settings.data) != before


TESTS = "test_sets: [{beir: fruit}]"


def test_training_on_a_test_query_is_refused_whatever_its_case(tmp_path: Path) -> None:
    write_collection(tmp_path / "fruit")
    (tmp_path / "p.tsv").write_text("red\tred fruit\n APPLE \tapple tree\n")
    variant = _variant(tmp_path, "pairs: p.tsv", f"loss: infonce\n{TESTS}")
    with pytest.raises(TrainingError) as error:
        without_test_queries(read_examples(variant), variant)
    assert str(error.value).startswith(f"{tmp_path / 'recipe.yaml'}:5:1: toy: 1 of 2 training examples have a query")
    assert "'APPLE' is fruit q1" in str(error.value)


def test_or_such_examples_are_dropped_and_counted(tmp_path: Path) -> None:
    write_collection(tmp_path / "fruit")
    (tmp_path / "p.tsv").write_text("red\tred fruit\napple\tapple tree\n")
    variant = _variant(tmp_path, "pairs: p.tsv", f"loss: infonce\n{TESTS}\noverlap: drop")
    kept, dropped = without_test_queries(read_examples(variant), variant)
    assert (_rows(kept), dropped) == ([("red", "red fruit")], 1)


def test_the_training_split_of_a_collection_has_none_of_its_test_queries(tmp_path: Path) -> None:
    write_collection(tmp_path / "fruit")
    variant = _variant(tmp_path, "beir: fruit", f"loss: infonce\n{TESTS}")
    examples = read_examples(variant)
    assert without_test_queries(examples, variant) == (examples, 0)
