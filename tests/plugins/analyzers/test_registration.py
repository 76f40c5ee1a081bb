from __future__ import annotations

import subprocess
import sys

import plugins.analyzers
from benchmark.contracts import GroupAnalyzer


def test_both_analyzers_are_registered_under_their_names():
    registered = {plugin.name: plugin.factory for plugin in plugins.analyzers.register_analyzers()}
    assert set(registered) == {"sparsity", "wackiness"}
    assert all(isinstance(factory(), GroupAnalyzer) for factory in registered.values())


def test_importing_the_analyzers_imports_neither_torch_nor_transformers_nor_bm25s():
    code = (
        "import sys, plugins.analyzers as a; [p.factory() for p in a.register_analyzers()]; "
        "print([m for m in ('torch', 'transformers', 'bm25s', 'scipy') if m in sys.modules])"
    )
    loaded = subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True).stdout
    assert loaded.strip() == "[]"
