"""The speed suite says what it measured; nothing here is timed."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
from scipy.sparse import csr_array

from speed import backends
from speed.__main__ import of_stage
from speed.backends import Backend, BackendPeer
from speed.bench import Bench, Missing
from speed.clock import FEWEST, Timing, alternate
from speed.growth import Growth
from speed.machine import Limits
from speed.models import ACTIVE, Size, random_checkpoint
from speed.report import write_markdown
from speed.result import FIELDS, Result, write_json
from speed.stages.encode import load
from speed.stages.mteb import cost
from speed.targets import DEFAULT, TARGETS, Target, target_table
from speed.texts import Texts, _synthetic, read_texts
from speed.vectors import crossed

CHECKPOINT = "package:cognition/model"
MINI_WORDS = " ".join(_synthetic()[0][:20]).split()
LIMITS = Limits(gemm=4e11, gemm_bf16=2e12, gemm_int8=1e12, read=4e10)
SLOWER = Result("search", "D = 10", "scipy", 2.0, 5.0, "ms/query", 0.5, (0.01, 0.02), "recall 1.000")
FASTER = Result("encode_documents", "9 passages", "sentence-transformers", 60.0, 20.0, "texts/s")


def test_a_ratio_above_1_says_that_ours_is_better_whatever_the_unit() -> None:
    assert SLOWER.ratio == 2.5
    assert FASTER.ratio == 3.0
    assert Result("search", "D = 10", None, 2.0, None, "ms/query").ratio is None


def test_results_are_a_list_of_objects_with_the_promised_keys(tmp_path: Path) -> None:
    write_json(tmp_path / "results.json", [SLOWER, FASTER])
    rows = json.loads((tmp_path / "results.json").read_text())
    assert [tuple(row) for row in rows] == [FIELDS, FIELDS]
    assert rows[0]["ratio"] == 2.5
    assert rows[1]["limit_share"] is None


def test_subjects_take_turns_and_the_first_is_another_each_time() -> None:
    calls: list[str] = []
    times = alternate({name: lambda name=name: calls.append(name) for name in "abc"}, seconds=0)
    assert "".join(calls) == "abc" + "bca" + "cab"
    assert {len(timing.runs) for timing in times.values()} == {FEWEST}


def test_the_median_and_half_the_distance_of_the_quartiles_are_shown() -> None:
    timing = Timing((1.0, 2.0, 3.0, 4.0, 100.0))
    assert timing.median == 3.0
    assert timing.spread == pytest.approx(1 / 3)


def test_growth_is_the_power_of_the_size() -> None:
    assert Growth("search", "D", "ms", {10: 3.0, 20: 12.0, 40: 48.0}).power == pytest.approx(2)


def test_a_peer_that_is_not_installed_is_named_and_the_others_are_measured() -> None:
    def absent() -> None:
        raise ImportError("No module named 'splade_index'")

    bench = Bench(quick=True, checkpoint="none", limits=LIMITS)
    found = list(
        bench.compare(
            stage="search",
            subject="nothing",
            unit="ms",
            value=lambda seconds: 1e3 * seconds,
            ours={"one way": list, "another": list},
            peers={"absent": absent, "present": lambda: list},
        )
    )
    assert found[0] == Missing("search", "absent", "ImportError: No module named 'splade_index'")
    assert [(item.subject, item.peer) for item in found[1:]] == [
        ("nothing, one way", "present"),
        ("nothing, another", "present"),
    ]


def test_a_peer_that_breaks_is_named_and_costs_no_other() -> None:
    def broken() -> None:
        raise ValueError("no such option")

    bench = Bench(quick=True, checkpoint="none", limits=LIMITS)
    first, second = bench.compare(
        stage="search",
        subject="nothing",
        unit="ms",
        value=lambda seconds: 1e3 * seconds,
        ours=list,
        peers={"broken": lambda: broken, "sound": lambda: list},
    )
    assert first == Missing("search", "broken", "ValueError: no such option")
    assert (second.subject, second.peer) == ("nothing", "sound")


def test_a_stage_that_breaks_keeps_what_it_had_found(monkeypatch: pytest.MonkeyPatch) -> None:
    def items(bench: Bench) -> Iterator[Result]:
        yield SLOWER
        raise RuntimeError("out of memory")

    monkeypatch.setitem(sys.modules, "speed.stages.search", SimpleNamespace(items=items))
    found = list(of_stage("search", Bench(quick=True, checkpoint="none", limits=LIMITS)))
    assert found == [SLOWER, Missing("search", "all that is not shown", "RuntimeError: out of memory")]


@pytest.mark.parametrize(("ratios", "cell"), [((6.5, 7.0), "| 6.5x | yes |"), ((6.5, 5.0), "| 5x | **no** |")])
def test_a_target_is_met_where_the_worst_result_meets_it(ratios: tuple[float, ...], cell: str) -> None:
    results = [Result("encode_documents", f"{n} passages, numba (auto)", DEFAULT, n, 1.0, "texts/s") for n in ratios]
    beside = Result("encode_documents", "9 passages, numba (auto)", "yasem", 1.0, 1.0, "texts/s")
    row = next(row for row in target_table([beside, *results]) if "6x sentence-transformers" in row)
    assert cell in row
    assert row.endswith(f"| {min(ratios)} passages, numba (auto) beside {DEFAULT} |")


def test_a_target_that_is_missed_says_why_and_first_that_no_program_could_reach_it_here() -> None:
    target = Target("14 times as fast", "ratio", 14, "encode", ".*", why="the tokenizer")
    assert target.reason(Result("encode", "a", "b", 40.0, 4.0, "texts/s", 0.8)) == (
        "at 100 % of this machine's limit it would be 12.5"
    )
    assert target.reason(Result("encode", "a", "b", 40.0, 4.0, "texts/s", 0.5)) == "the tokenizer"


def test_a_target_that_nothing_was_measured_for_says_so() -> None:
    rows = list(target_table([]))
    assert len(rows) == 2 + len(TARGETS)
    assert all("| not measured |" in row for row in rows[2:])


def test_the_report_has_a_table_a_stage_growth_and_who_is_missing(tmp_path: Path) -> None:
    bench = Bench(quick=True, checkpoint="none", limits=LIMITS)
    bench.__dict__["texts"] = Texts(["a b"], ["a"], "two letters")
    items = [FASTER, SLOWER, Growth("search", "D", "ms", {10: 3.0, 20: 6.0}), Missing("search", "absent", "why")]
    write_markdown(tmp_path / "RESULTS.md", items, {"commit": "abc"}, bench)
    text = (tmp_path / "RESULTS.md").read_text()
    assert "- commit: abc" in text
    assert "| D = 10 | scipy | 2 ± 1% | 5 ± 2% | ms/query | **2.50** | 50% | recall 1.000 |" in text
    assert "| search | D | 1.00 | 10: 3, 20: 6 (ms) |" in text
    assert (
        text.index("## Targets")
        < text.index("## encode_documents")
        < text.index("## search")
        < text.index("- absent (search): why")
    )


def test_crossed_vectors_have_the_entries_of_two_each() -> None:
    generator = np.random.default_rng(1)
    dense = np.where(generator.random((40, 300)) < 0.1, generator.random((40, 300)), 0).astype(np.float32)
    found = crossed(csr_array(dense), 2_000)
    assert found.shape == (2_000, 300)
    assert found.has_sorted_indices
    document_frequency = (found.toarray() > 0).mean(axis=0)
    np.testing.assert_allclose(document_frequency, (dense > 0).mean(axis=0), atol=0.05)
    for row in found[:5].toarray():
        parents = sorted((np.count_nonzero(row[row > 0] == parent[row > 0]) for parent in dense), reverse=True)
        assert parents[0] + parents[1] >= np.count_nonzero(row)


def test_without_data_texts_are_made_of_real_words(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("SPARSEBENCH_DATA", raising=False)
    texts = read_texts()
    assert "mini/web" in texts.source
    assert read_texts() == texts
    more = texts.crossed_documents(len(texts.documents) + 5)
    assert len(more) == len(texts.documents) + 5
    assert more[: len(texts.documents)] == texts.documents


def test_texts_are_read_from_beir_folders_titles_included(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    folder = tmp_path / "small"
    folder.mkdir()
    (folder / "corpus.jsonl").write_text(
        '{"_id": "1", "title": "Pears", "text": "are ripe"}\n{"_id": "2", "text": ""}\n'
    )
    (folder / "queries.jsonl").write_text('{"_id": "1", "text": "pears"}\n')
    monkeypatch.setenv("SPARSEBENCH_DATA", str(tmp_path))
    assert read_texts() == Texts(["Pears are ripe"], ["pears"], "small")


def test_a_checkpoint_of_any_size_has_one_term_in_a_hundred_active(tmp_path: Path) -> None:
    texts = [" ".join(MINI_WORDS[at : at + 40]) for at in range(0, 400, 20)]
    folder = random_checkpoint(Size(1, 32), CHECKPOINT, texts, tmp_path)
    vectors = load(str(folder)).encode(texts, "document").vectors
    assert vectors.nnz / np.prod(vectors.shape) == pytest.approx(ACTIVE, rel=0.5)


def test_a_backend_without_its_environment_names_the_command_that_makes_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(backends, "ROOT", tmp_path)
    with pytest.raises(ImportError, match=r"\.venv-onnx is not there: make \.venv-onnx"):
        Backend("onnx", "int8")(tmp_path, ["a text"])


def test_a_backend_is_asked_over_a_pipe_and_answers_with_vectors(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    peer = (
        "import json, sys\n"
        "texts = json.loads(sys.stdin.readline())\n"
        "for line in sys.stdin:\n"
        "    rows = list(range(len(texts)))\n"
        "    answer = [[rows, rows], [1.5] * len(rows), [len(rows), 9]] if json.loads(line) == 'vectors' else 'done'\n"
        "    print(json.dumps(answer), flush=True)\n"
    )
    (tmp_path / "peer.py").write_text(peer)
    monkeypatch.setattr(backends, "SCRIPT", tmp_path / "peer.py")
    monkeypatch.setattr(Backend, "python", Path(sys.executable))
    asked = BackendPeer(Backend("onnx"), tmp_path, ["a", "b"])
    asked()
    assert asked.vectors().toarray().tolist() == (1.5 * np.eye(2, 9)).tolist()


def test_bm25_is_measured_beside_what_it_would_be_without_its_ways(monkeypatch: pytest.MonkeyPatch) -> None:
    bench = Bench(quick=True, checkpoint="none", limits=LIMITS)
    bench.__dict__["texts"] = Texts(["cats sat", "dogs and cats"], ["cats"], "two")
    found = list(of_stage("bm25", bench))
    assert [item.peer for item in found] == ["split twice, on one core", "bm25s (index; no impacts by document)"]


def test_what_a_command_costs_holds_its_processes_and_what_it_says(tmp_path: Path) -> None:
    inner = "bytearray(64 * 2**20); sum(range(10**6))"
    outer = f"import subprocess, sys; subprocess.run([sys.executable, '-c', '{inner}']); print(7)"
    found = cost([sys.executable, "-c", outer], tmp_path)
    assert found.output.split()[-1] == "7"
    assert found.memory > 64
    assert found.cpu > 0
