from __future__ import annotations

from pathlib import Path

import plugins.analyzers
import plugins.collections
import plugins.models
import plugins.postprocessors
from benchmark.registry import Registry
from benchmark.suite.reference import suite_reference


def test_the_page_is_what_the_schema_and_the_plugins_in_the_box_say(repository: Path) -> None:
    """`sparsebench schema reference > docs/SUITE.md` writes it again."""
    found = Registry.of(plugins.analyzers, plugins.collections, plugins.models, plugins.postprocessors)
    assert (repository / "docs" / "SUITE.md").read_text(encoding="utf-8") == suite_reference(found)
