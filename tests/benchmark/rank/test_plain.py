"""Reading many lines of a run at once finds what reading line by line does, or leaves it to that."""

from __future__ import annotations

import gzip
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sparsebench.errors import ScoreError
from sparsebench.rank import plain, read_trec, run, write_trec

IDS = st.text(st.characters(codec="utf-8", exclude_categories=["Z", "C"]), min_size=1, max_size=4)
RUNS = st.dictionaries(
    IDS, st.dictionaries(IDS, st.floats(width=32, allow_nan=False, allow_infinity=False), min_size=1)
)
EDITS = st.lists(
    st.tuples(st.integers(0, 400), st.sampled_from([b" ", b"\n", b"x", b"\r", b"nan", b"Q0", b"\xff", b""]))
)


def by_lines(path: Path) -> object:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(run, "plain_run", lambda path: None)
        return outcome(path)


def outcome(path: Path) -> object:
    try:
        return [(query_id, list(documents.items())) for query_id, documents in read_trec(path).items()]
    except ScoreError as error:
        return str(error)


@given(RUNS, EDITS, st.integers(1, 60), st.sampled_from(["run", "run.gz"]))
@settings(max_examples=300, deadline=None)
def test_a_run_reads_the_same_whatever_is_wrong_with_it(
    tmp_path_factory: pytest.TempPathFactory, hits: dict, edits: list, chunk: int, name: str
) -> None:
    path = tmp_path_factory.mktemp("run") / name
    write_trec(path, hits, tag="tag")
    data = gzip.decompress(path.read_bytes()) if name.endswith(".gz") else path.read_bytes()
    for place, more in edits:
        place %= len(data) + 1
        data = data[:place] + more + data[place + (not more) :]
    path.write_bytes(gzip.compress(data) if name.endswith(".gz") else data)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(plain, "CHUNK", chunk)
        assert outcome(path) == by_lines(path)


def test_what_this_project_writes_is_plain(tmp_path: Path) -> None:
    hits = {f"q{query}": {f"d{at}": 1 / (1 + at) for at in range(50)} for query in range(20)}
    write_trec(tmp_path / "run.gz", hits, tag="tag")
    assert plain.plain_run(tmp_path / "run.gz") == hits


@pytest.mark.parametrize(
    "lines",
    [
        "q Q0 d 1 1.5\nq Q0 e 2 1.0 tag tag\n",
        "q Q0 d 1 1.5 tag\nq Q0 d 2 1.0 tag\n",
        "q Q0 d 1 1e39 tag\n",
        "q Q0 d 1 1.5 tag",
        "q Q0 d\u3000e 1 1.5 tag\n",
    ],
)
def test_what_has_a_flaw_is_read_line_by_line(tmp_path: Path, lines: str) -> None:
    (tmp_path / "run").write_text(lines, encoding="utf-8")
    assert plain.plain_run(tmp_path / "run") is None


def test_the_largest_score_is_that_of_float32() -> None:
    assert float(np.finfo(np.float32).max) == plain.LARGEST_SCORE
