"""The suite `reference` gives the known figures of the real collections (those of the data's own README)."""

from __future__ import annotations

from pathlib import Path

import pytest

from sparsebench.leaderboard import Board
from sparsebench.planning.session import Session, open_session
from sparsebench.runner import Runner

MEASURES = ("nDCG@10", "RR@10", "R@100", "AP@1000")
SPLADE = {
    "msmarco_dl/test": (0.7256, 0.9593, 0.6837, 0.6961),
    "msmarco_dl/train": (0.7040, 0.9160, 0.9803, 0.6918),
    "scifact": (0.6436, 0.6159, 0.8930, 0.6072),
    "nfcorpus_ecir16": (0.3041, 0.5124, 0.2663, 0.1517),
    "cranfield": (0.3773, 0.5362, 0.7283, 0.2942),
    "vaswani": (0.3725, 0.6195, 0.5509, 0.2387),
    "cacm": (0.4166, 0.7090, 0.5979, 0.2846),
    "multi30k": (0.3765, 0.3339, 0.7960, 0.3451),
}
BM25 = {
    "msmarco_dl/test": (0.4526, 0.7840, 0.4833, 0.4564),
    "msmarco_dl/train": (0.5325, 0.8410, 0.9701, 0.5182),
    "scifact": (0.6776, 0.6426, 0.9163, 0.6373),
    "nfcorpus_ecir16": (0.3201, 0.5139, 0.2500, 0.1483),
    "cranfield": (0.3511, 0.4948, 0.7139, 0.2763),
    "vaswani": (0.4275, 0.6458, 0.6078, 0.2816),
    "cacm": (0.4630, 0.7029, 0.6456, 0.3183),
    "multi30k": (0.4484, 0.4040, 0.8220, 0.4142),
}


def run(only: str, beir_dir: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Board:
    monkeypatch.setenv("SPARSEBENCH_DATA", str(beir_dir))
    session: Session = open_session(
        suite="reference",
        overrides=["analyzers=[]"],
        only=[only],
        limit_queries=None,
        device="cpu",
        search_device="cpu",
        offline=True,
        store=tmp_path / "store",
        runs=tmp_path / "runs",
        plugin_switches=[],
    )
    return Runner(session.store, session.runs, session.progress).run(session.plan)


def check(board: Board, known: dict[str, tuple[float, ...]], tolerance: float) -> None:
    for record in board.records:
        assert record.status == "ok", record.error
        expected = dict(zip(MEASURES, known[record.cell.collection.label], strict=True))
        assert record.measures == pytest.approx(expected, abs=tolerance), record.cell.collection.label


def test_bm25_is_within_a_thousandth_of_bm25s_on_all_collections(
    beir_dir: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    board = run("bm25", beir_dir, tmp_path, monkeypatch)
    assert len(board.records) == len(BM25)
    check(board, BM25, 0.001)


def test_the_tiny_splade_gives_the_known_figures_on_captions(
    tiny_splade_dir: Path, beir_dir: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    check(run("multi30k/splade-tiny/*", beir_dir, tmp_path, monkeypatch), SPLADE, 0.001)


@pytest.mark.slow
def test_the_tiny_splade_gives_the_known_figures_on_all_collections(
    tiny_splade_dir: Path, beir_dir: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    board = run("splade-tiny", beir_dir, tmp_path, monkeypatch)
    assert len(board.records) == len(SPLADE)
    check(board, SPLADE, 0.005)
