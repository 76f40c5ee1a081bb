"""Tiny checkpoints of the real architectures, written once."""

from __future__ import annotations

from pathlib import Path

import pytest

from clips import write_blip_checkpoint, write_clip_checkpoint


@pytest.fixture(scope="session")
def clip_dir(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A plain CLIP, as the hub has them."""
    return write_clip_checkpoint(tmp_path_factory.mktemp("checkpoints") / "clip")


@pytest.fixture(scope="session")
def blip_dir(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A BLIP retrieval model, as the hub has them."""
    return write_blip_checkpoint(tmp_path_factory.mktemp("checkpoints") / "blip")
