"""The check of a GPU runs on a CPU with everything tiny, and says what was not measured."""

from __future__ import annotations

import json
import time
from pathlib import Path

import pytest

from speed.gpu import right
from speed.gpu.__main__ import STAGES, main
from speed.gpu.asked import Asked
from speed.gpu.report import page

MEASURED = ("limits", "encode", "search", "sinkhorn")


def test_the_page_says_that_nothing_was_measured_until_something_is(repository: Path) -> None:
    written = (repository / "speed/GPU.md").read_text(encoding="utf-8")
    assert (repository / "speed/gpu.json").exists() or written == page(None)


def test_without_a_gpu_the_page_says_so_and_names_no_figure(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["--device", "cpu", "--out", str(tmp_path)]) == 2
    assert "not run" in capsys.readouterr().err
    text = (tmp_path / "GPU.md").read_text(encoding="utf-8")
    assert text.startswith("# On a GPU: not run")
    assert "Simulated, not measured" in text
    assert not (tmp_path / "gpu.json").exists()


def test_a_small_check_needs_a_folder_of_its_own(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        main(["--small", "--device", "cpu"])
    assert "is no measurement" in capsys.readouterr().err


def test_the_measuring_stages_run_small_on_a_cpu(tmp_path: Path, tiny_splade_dir: Path) -> None:
    pytest.importorskip("sentence_transformers", reason="the extra [bench] is not installed")
    stages = [word for name in MEASURED for word in ("--stage", name)]
    assert main(["--small", "--device", "cpu", "--out", str(tmp_path), *stages]) == 0
    found = json.loads((tmp_path / "gpu.json").read_text())
    assert found["search"]["same_bytes"]
    assert found["sinkhorn"]["off"]["ours on the device"] < 1e-9
    assert 0 < found["encode"]["moved"]["ours, bfloat16"] < 0.1
    failed = [name for stage in MEASURED[1:] for name, each in found[stage]["rivals"].items() if "error" in each]
    assert not failed
    text = (tmp_path / "GPU.md").read_text(encoding="utf-8")
    assert "No figure here says anything of a GPU" in text
    assert "target" not in text.partition("## Simulated")[0], "nor is a target compared with it"


@pytest.mark.slow
def test_the_whole_check_runs_small_on_a_cpu(tmp_path: Path, tiny_splade_dir: Path) -> None:
    assert main(["--small", "--device", "cpu", "--out", str(tmp_path)]) == 0
    found = json.loads((tmp_path / "gpu.json").read_text())
    assert set(STAGES) <= set(found)
    assert found["quickstart"]["compared"] == 4
    assert found["quickstart"]["beyond_rounding"] == 0


def test_a_rival_that_fails_is_named_and_the_others_go_on() -> None:
    def broken() -> None:
        raise ValueError("no such kernel")

    found = Asked("cpu", small=True, deadline=time.monotonic() + 60).rivals({"a": broken, "b": list}, work=3)
    assert found["a"] == {"error": "ValueError: no such kernel"}
    assert found["b"]["per_second"] > 0


def test_a_figure_that_moved_is_noticed(repository: Path) -> None:
    lines = (repository / "leaderboards/quickstart/records.jsonl").read_text().splitlines()
    record = json.loads(lines[0])
    assert max(right.differences([record]).values()) == 0
    name = next(iter(record["measures"]))
    record["measures"][name] += 0.01
    assert max(right.differences([record]).values()) == pytest.approx(0.01)


def test_shares_of_the_limit_are_those_of_what_was_measured() -> None:
    each = {"median": 2.0, "per_second": 50.0, "peak_mib": 7, "seconds": [2.0]}
    encode = {
        "texts": 100, "tokens": 7000, "operations": 800, "active": 9.0, "moved": {},
        "rivals": {"ours, bfloat16": each, "sentence-transformers, bfloat16, batch 128": each | {"per_second": 10.0}},
    }  # fmt: skip
    search = {
        "queries": 5, "documents": 6, "k": 2, "engine": "triton", "same_bytes": False, "bytes": 400,
        "rivals": {"ours on the device": each, "ours on the CPU": each | {"median": 30.0}},
    }  # fmt: skip
    limits = {"copy, bytes/s": 1000.0, "products in bfloat16, operations/s": 1600.0}
    facts = {"name": "a card", "date": "2026-11-28", "torch": "2", "cuda": "13", "driver": "600"}
    text = page({"small": False, **facts, "limits": limits, "encode": encode, "search": search})
    for told in (
        "Ours in bfloat16: 25.0% of the card's",
        "5.0 times sentence-transformers",
        "15.0 times the CPU index",
        "ours on the device: 5.0 times as long as reading 400 bytes",
        "**are not** the bytes of the CPU's",
    ):
        assert told in text
