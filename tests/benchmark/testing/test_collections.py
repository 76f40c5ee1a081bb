from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

import toys
from sparsebench import CollectionPlugin, Document, Query, Topics
from sparsebench.collection import BeirFolder
from sparsebench.testing import Violation, check_collection, collection_checks
from sparsebench.testing.collections import RULES

Damage = Callable[[Path], None]


def without_judgments(folder: Path) -> None:
    for path in (folder / "qrels").iterdir():
        path.unlink()


def with_an_id_twice(folder: Path) -> None:
    corpus = folder / "corpus.jsonl"
    corpus.write_text(corpus.read_text() + corpus.read_text())


def without_text(folder: Path) -> None:
    (folder / "corpus.jsonl").write_text('{"_id": "d1", "text": ""}\n')


def judging_absent_documents(folder: Path) -> None:
    qrels = folder / "qrels" / "test.tsv"
    qrels.write_text(qrels.read_text() + "q1\tnowhere\t1\n")


def without_a_relevant_document(folder: Path) -> None:
    (folder / "qrels" / "test.tsv").write_text("query-id\tcorpus-id\tscore\nq1\td1\t0\n")


OFFENDERS: list[tuple[str, Damage]] = [
    ("its_files_are_there", without_judgments),
    ("documents_keep_the_rules", with_an_id_twice),
    ("some_document_has_text", without_text),
    ("every_split_can_be_measured", judging_absent_documents),
    ("every_split_can_be_measured", without_a_relevant_document),
]


class Restless(BeirFolder):
    """Another document at every pass."""

    def __init__(self) -> None:
        super().__init__(Path(), "restless")
        self.passes = 0

    def documents(self) -> Iterator[Document]:
        self.passes += 1
        yield Document("d1", f"pass {self.passes}")

    def topics(self, split: str | None) -> Topics:
        return Topics((Query("q1", "pass"),), {"q1": {"d1": 1}})

    def splits(self) -> list[str]:
        return ["test"]


def test_a_source_that_reads_otherwise_each_time_is_found_out() -> None:
    checks = collection_checks(CollectionPlugin("restless", summary="a toy", source=Restless))
    (check,) = [check for check in checks if str(check) == "it_reads_the_same_twice"]
    assert "a second pass" in str(check.failure())


@pytest.mark.parametrize(("name", "damage"), OFFENDERS)
def test_a_damaged_collection_is_found_out_by_its_check(tmp_path: Path, name: str, damage: Damage) -> None:
    folder = toys.write_collection(tmp_path / "fruit")
    damage(folder)
    checks = collection_checks(CollectionPlugin("fruit", folder, "a toy"))
    (check,) = [check for check in checks if str(check) == name]
    assert check.failure() is not None


def test_a_relative_folder_is_found_out() -> None:
    with pytest.raises(Violation, match=r"fruit: say Path\(__file__\).parent"):
        check_collection(CollectionPlugin("fruit", Path("fruit"), "a toy"))


def test_every_rule_has_a_collection_that_breaks_it() -> None:
    assert {rule.__name__ for rule in RULES} == {name for name, _ in OFFENDERS} | {"it_reads_the_same_twice"}


def test_a_whole_collection_passes_every_check(tmp_path: Path) -> None:
    check_collection(CollectionPlugin("fruit", toys.write_collection(tmp_path / "fruit"), "a toy"))
