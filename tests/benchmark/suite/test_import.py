from __future__ import annotations

import subprocess
import sys
from pathlib import Path

PROGRAM = """
import sys
from sparsebench.registry import Registry
from sparsebench.suite import load_suite
from sparsebench.suite.json_schema import suite_schema

registry = Registry.discover()
assert not registry.broken, registry.broken
load_suite(sys.argv[1], registry)
suite_schema(registry)
print(sorted({"torch", "transformers"} & set(sys.modules)))
"""

SUITE = """
name: light
collections: [{id: mini/web, split: test, domain: in}]
models: [bm25]
postprocessors: [none, {name: sinkhorn, tau: 0.5}]
analyzers: [sparsity]
"""


def test_finding_plugins_and_reading_a_suite_imports_no_torch(tmp_path: Path) -> None:
    suite = tmp_path / "light.yaml"
    suite.write_text(SUITE)
    command = [sys.executable, "-c", PROGRAM, str(suite)]
    done = subprocess.run(command, capture_output=True, text=True, cwd=tmp_path, check=False)
    assert done.returncode == 0, done.stderr
    assert done.stdout.strip() == "[]"
