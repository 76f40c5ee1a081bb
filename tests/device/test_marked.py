"""Every test that a GPU has to pass passes on the simulated one."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path


def test_the_tests_marked_gpu_pass_on_the_simulated_device(repository: Path) -> None:
    tests = repository / "tests"
    marked = sorted(path for path in tests.rglob("test_*.py") if "pytest.mark.gpu" in path.read_text(encoding="utf-8"))
    marked.remove(Path(__file__).resolve())
    command = [sys.executable, "-m", "pytest", "-q", "-m", "gpu", "-p", "device.simulator.plugin"]
    done = subprocess.run(
        [*command, "-p", "no:cacheprovider", *map(str, marked)],
        cwd=repository,
        env={**os.environ, "PYTHONPATH": str(tests)},
        capture_output=True,
        text=True,
        check=False,
    )
    last = done.stdout.splitlines()[-1]
    assert done.returncode == 0, done.stdout[-4000:]
    assert "passed" in last
    assert "skipped" not in last
