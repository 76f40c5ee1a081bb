from __future__ import annotations

from pathlib import Path

import sparsebench_plugins.analyzers
import sparsebench_plugins.collections
import sparsebench_plugins.models
import sparsebench_plugins.postprocessors
from sparsebench.registry import Registry
from sparsebench.suite.reference import suite_reference


def test_the_page_is_what_the_schema_and_the_plugins_in_the_box_say(repository: Path) -> None:
    """`sparsebench schema reference > docs/SUITE.md` writes it again."""
    found = Registry.of(
        sparsebench_plugins.analyzers,
        sparsebench_plugins.collections,
        sparsebench_plugins.models,
        sparsebench_plugins.postprocessors,
    )
    assert (repository / "docs" / "SUITE.md").read_text(encoding="utf-8") == suite_reference(found)
