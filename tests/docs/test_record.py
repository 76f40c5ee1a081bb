from __future__ import annotations

import re
from pathlib import Path

from sparsebench.records import SCHEMA_VERSION, Costs, Provenance, Record, Trial, Tuning
from sparsebench.records.noise import Change, GroupNoise, Noise


def test_every_key_of_a_record_is_written_down(repository: Path) -> None:
    text = (repository / "docs" / "RECORD.md").read_text()
    assert f"Schema version {SCHEMA_VERSION} " in text
    named = {
        name.split(".")[0]
        for row in re.findall(r"^\| (`[^|]*) \|", text, re.M)
        for name in re.findall(r"`([^`]+)`", row)
    }
    assert named == set(Record.model_json_schema(by_alias=True)["properties"])


def test_every_key_of_what_a_record_has_in_it_is_written_down(repository: Path) -> None:
    text = (repository / "docs" / "RECORD.md").read_text()
    for part, model in (("provenance", Provenance), ("costs", Costs)):
        missing = [name for name in model.model_fields if f"`{part}.{name}`" not in text]
        assert missing == []
    (tuning,) = re.findall(r"^\| `tuning` \|.*", text, re.M)
    assert [name for name in (*Tuning.model_fields, *Trial.model_fields) if f"`{name}`" not in tuning] == []


def test_every_key_of_the_noise_floor_is_written_down(repository: Path) -> None:
    text = (repository / "docs" / "RECORD.md").read_text()
    (part,) = re.findall(r"noise\.json`, .*?(?=`runs/<suite>/index)", text, re.DOTALL)
    keys = [key for model in (Noise, GroupNoise, Change) for key in model.model_fields]
    assert [key for key in keys if f"`{key}`" not in part] == []
