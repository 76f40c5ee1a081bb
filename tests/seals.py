"""Change files that carry a checksum, as if what is changed had been written so."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

from sparsebench.records import sealed
from sparsebench.types import Json


def rewrite(path: Path, edit: Callable[[dict[str, Json]], None]) -> None:
    """Change the content of a JSON file and give it the checksum of what it then holds."""
    content = json.loads(path.read_text(encoding="utf-8"))
    del content["checksum"]
    edit(content)
    path.write_text(json.dumps(sealed(content)), encoding="utf-8")


def as_schema_1(folder: Path) -> None:
    """Turn a folder below `leaderboards/` into one that was published before there were checksums."""
    index = json.loads((folder / "index.json").read_text(encoding="utf-8"))
    kept = {name: value for name, value in index.items() if name not in ("schema", "checksum", "files")}
    (folder / "index.json").write_text(json.dumps(kept), encoding="utf-8")
    lines = (folder / "records.jsonl").read_text(encoding="utf-8").splitlines()
    (folder / "records.jsonl").write_text("".join(map(_record_of_schema_1, lines)), encoding="utf-8")


def _record_of_schema_1(line: str) -> str:
    record = json.loads(line)
    del record["checksum"], record["files"]
    if record["tuning"]:
        record["tuning"]["tried"] = [
            trial["parameters"] | {"value": trial["value"]} for trial in record["tuning"]["tried"]
        ]
    return json.dumps({**record, "schema": 1, "queries": "per_query.csv", "costs": {}}) + "\n"
