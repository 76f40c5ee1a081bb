"""The short form of the campaign: a few injections of every fault, and zero in the last four columns."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections import Counter
from pathlib import Path

import pytest

from torture.campaign import FAULTS
from torture.page import page


@pytest.mark.skipif(sys.platform != "linux", reason="the campaign forks, mounts and reads /proc")
def test_a_few_of_every_fault_cost_nothing(tmp_path: Path, repository: Path) -> None:
    state = tmp_path / "state.jsonl"
    environ = {
        **os.environ,
        "PYTHONPATH": os.pathsep.join([str(repository / "tests"), os.environ.get("PYTHONPATH", "")]),
    }
    words = [sys.executable, "-m", "torture", "--short", "--state", str(state)]
    done = subprocess.run(words, env=environ, cwd=tmp_path, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    counted = Counter(json.loads(line)["fault"] for line in state.read_text().splitlines())
    assert counted == {fault.name: fault.counts[0] for fault in FAULTS}


def test_the_page_counts_what_was_done_and_says_what_was_not() -> None:
    one = {"fault": "a", "number": 0, "injected": 5, "survived": 4, "lost": 0, "wrong": 1, "traceback": 0, "hang": 0}
    text = page([{**one, "not_run": ""}, {**one, "fault": "b", "not_run": "no root"}], [("a", 3), ("b", 1)])
    assert "| a | 5 | 4 | 0 | 1 | 0 | 0 |" in text
    assert "| b | 0 | 0 | 0 | 0 | 0 | 0 |" in text
    assert "| all | 5 | 4 | 0 | 1 | 0 | 0 |" in text
    assert "* a: 2 of 3 rounds were not reached" in text
    assert "* b: no root" in text
