"""The page of checkpoints is what the data and the tests say."""

from __future__ import annotations

from pathlib import Path

import pytest

from checkpoints_page import FILES, STAND_INS, page
from sparsebench.checkpoints.known import families


def test_the_page_is_up_to_date(repository: Path) -> None:
    written = (repository / "docs" / "checkpoints.md").read_text(encoding="utf-8")
    assert written == page(), "python tests/checkpoints_page.py > docs/checkpoints.md"


def test_every_shape_has_a_test() -> None:
    assert {family.id for family in families()} == set(STAND_INS)


@pytest.mark.parametrize("family", STAND_INS)
def test_a_test_that_stands_for_a_shape_is_there(family: str, repository: Path) -> None:
    file, name = STAND_INS[family]
    assert f"def {name}(" in (repository / FILES[file]).read_text(encoding="utf-8")
