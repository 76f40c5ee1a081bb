from __future__ import annotations

from pathlib import Path

import pytest

from sparsebench.errors import StoreError
from sparsebench.records import (
    CellDescription,
    Part,
    Record,
    per_query_csv,
    read_per_query,
    read_record,
    write_record,
)

FIXED_KEYS = {
    "schema", "key", "status", "cell", "measures", "failed_measures", "files", "analysis", "sees", "tuning", "error",
    "provenance", "costs",
}  # fmt: skip


def part(name: str) -> Part:
    return Part(name=name, label=name, params={"tau": 0.5})


def record(**changes: object) -> Record:
    cell = CellDescription(
        collection=part("mini/web"), model=part("bm25"), postprocessor=part("none"), candidates="retrieved", depth=10
    )
    return Record(key="0" * 64, status="ok", cell=cell, measures={"nDCG@10": 0.5}).model_copy(update=changes)


def test_the_top_level_keys_are_fixed() -> None:
    assert set(record().model_dump(by_alias=True)) == FIXED_KEYS


def test_every_key_is_described() -> None:
    for model in (Record, CellDescription, Part):
        for name, described in model.model_json_schema(by_alias=True)["properties"].items():
            assert "description" in described or "$ref" in described, name


def test_a_record_comes_back_as_it_was_written(tmp_path: Path) -> None:
    write_record(tmp_path / "record.json", record())
    assert read_record(tmp_path / "record.json", remedy="Run.") == record()


def test_an_unchanged_record_is_not_written_again(tmp_path: Path) -> None:
    write_record(tmp_path / "record.json", record())
    before = (tmp_path / "record.json").stat().st_mtime_ns
    write_record(tmp_path / "record.json", record())
    assert (tmp_path / "record.json").stat().st_mtime_ns == before
    write_record(tmp_path / "record.json", record(measures={"nDCG@10": 0.6}))
    assert read_record(tmp_path / "record.json", remedy="Run.").measures == {"nDCG@10": 0.6}


@pytest.mark.parametrize("text", ["", "{", '{"schema": 1}', '{"unknown": 1}'])
def test_a_damaged_record_names_its_file_and_what_to_do(tmp_path: Path, text: str) -> None:
    path = tmp_path / "record.json"
    path.write_text(text)
    with pytest.raises(StoreError, match=r"record\.json is damaged: .*\. Run it again\."):
        read_record(path, remedy="Run it again.")


def test_per_query_values_survive_csv_and_are_in_the_order_of_ids() -> None:
    values = {"nDCG@10": {"q2": 0.25, "q1": 1.0}, "RR@10": {"q2": 0.0, "q1": 0.333333}}
    text = per_query_csv(values)
    assert text.splitlines()[:2] == ["query_id,nDCG@10,RR@10", "q1,1,0.333333"]
    assert read_per_query(text) == values
