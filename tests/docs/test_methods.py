from __future__ import annotations

import re
from pathlib import Path

CITED = re.compile(r"METHODS (\d+(?:\.\d+[a-z]?)?)")


def test_every_section_of_methods_that_is_cited_is_there(repository: Path) -> None:
    text = (repository / "docs" / "METHODS.md").read_text(encoding="utf-8")
    there = set(re.findall(r"^##+ (\d+(?:\.\d+[a-z]?)?)\.? ", text, re.M))
    folders = [repository / name for name in ("benchmark", "plugins", "speed", "tests", "docs")]
    sources = [path for folder in folders for path in folder.rglob("*") if path.suffix in (".py", ".md")]
    cited = {section: path for path in sources for section in CITED.findall(path.read_text(encoding="utf-8"))}
    assert {section: path for section, path in cited.items() if section not in there} == {}
