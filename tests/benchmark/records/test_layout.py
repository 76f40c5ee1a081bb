from __future__ import annotations

import re
from pathlib import Path

import sparsebench
from sparsebench.contracts import returned
from sparsebench.records import ANALYSIS_FILE, SuiteFolder, short

KEY = "0123456789abcdef" * 4
PACKAGE = Path(sparsebench.__file__).parent


def test_a_cell_and_an_analysis_lie_under_the_first_digits_of_their_keys() -> None:
    folder = SuiteFolder(Path("runs/quickstart"))
    assert folder.suite == "quickstart"
    assert str(folder.record(KEY)) == "runs/quickstart/0123456789abcdef/record.json"
    assert folder.run(KEY).name == "run.trec.gz"
    assert folder.per_query(KEY).name == "per_query.csv"
    assert str(folder.analysis(KEY)) == "runs/quickstart/analyses/0123456789abcdef"
    assert folder.analysis(short(KEY)) == folder.analysis(KEY), "records name an analysis by its short key"


def test_no_other_room_spells_the_layout() -> None:
    """Names of files and folders below `runs/` and `leaderboards/`, and how keys are shortened."""
    spelled = re.compile(
        r'\[:16\]|/ "analyses"|"(record\.json|run\.trec\.gz|per_query\.csv(\.gz)?|records\.jsonl|analysis\.json)"'
    )
    others = [
        path for path in PACKAGE.rglob("*.py") if path.parent.name != "records" and path != Path(returned.__file__)
    ]
    assert returned.RESERVED_FILE == ANALYSIS_FILE, "a contract cannot import what stands upon it"
    assert [str(path) for path in others if spelled.search(path.read_text(encoding="utf-8"))] == []
