"""Vectors exported, and read again as somebody else's: the same runs, statistics and wackiness."""

from __future__ import annotations

from pathlib import Path

import pytest
import yaml

from commands import sparsebench
from sparsebench.leaderboard import read_board
from sparsebench.records import Record, SuiteFolder
from toys import write_collection

ANALYZERS = ["sparsity", {"name": "wackiness", "scoring_queries": "test", "min_occurrences": 1}]
FILES = {"jsonl": ".jsonl", "lsr": "-embeddings.npz", "csr": ".npz", "parquet": ".parquet"}


def suite(folder: Path, name: str, model: dict) -> str:
    collection = {"name": "fruit", "beir": str(folder / "fruit"), "split": "test", "bank": {"split": "train"}}
    asked = {
        "name": name,
        "measures": ["nDCG@10"],
        "depth": 10,
        "collections": [collection],
        "models": [{"label": "same", **model}],
        "postprocessors": ["none", {"name": "dsl", "candidates": "all", "tau": 0.1}],
        "analyzers": ANALYZERS,
    }
    (folder / f"{name}.yaml").write_text(yaml.safe_dump(asked))
    return f"{name}.yaml"


def computed(folder: Path, name: str) -> tuple[list[bytes], list[dict], list[Record]]:
    """The runs, the figures of analyses, and the records of a suite."""
    found = read_board(folder / "runs" / name).records
    place = SuiteFolder(folder / "runs" / name)
    figures = [{label: _figures(values) for label, values in record.analysis.items()} for record in found]
    return [place.run(record.key).read_bytes() for record in found], figures, list(found)


def _figures(values: dict) -> dict:
    return {name: value for name, value in values.items() if name not in ("seconds", "key", "artefact")}


@pytest.fixture(scope="module")
def splade(tiny_splade_dir: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder where the tiny SPLADE has run as suite `ours`, and its vectors are exported in every format."""
    folder = tmp_path_factory.mktemp("round-trip")
    write_collection(folder / "fruit")
    ours = suite(folder, "ours", {"name": "splade", "checkpoint": str(tiny_splade_dir)})
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("SPARSEBENCH_STORE", str(folder / "store"))
        patch.chdir(folder)
        assert sparsebench(patch, "run", ours, "--device", "cpu") == 0
        for form in FILES:
            words = ("--vectors", "--format", form, "--to", form, "--device", "cpu")
            assert sparsebench(patch, "export", ours, *words) == 0
    return folder


@pytest.fixture
def run(splade: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("SPARSEBENCH_STORE", str(splade / "store"))
    monkeypatch.chdir(splade)

    def _run(name: str, model: dict) -> int:
        return sparsebench(monkeypatch, "run", suite(splade, name, model), "--device", "cpu")

    return _run


def exported(folder: Path, form: str, **more: str) -> dict:
    place = folder / form / "vectors" / "fruit" / "same"
    given = {part: str(place / f"{part}{FILES[form]}") for part in ("documents", "queries")}
    return {"name": "sparse_vectors", **given, **more}


@pytest.mark.parametrize("form", FILES)
def test_exported_vectors_give_the_same_runs_and_the_same_figures(
    form: str, splade: Path, tiny_splade_dir: Path, run
) -> None:
    pytest.importorskip("pyarrow") if form == "parquet" else None
    assert run(form, exported(splade, form, vocabulary=str(tiny_splade_dir / "tokenizer.json"))) == 0
    ours, theirs = computed(splade, "ours"), computed(splade, form)
    assert len(theirs[0]) == 2
    assert theirs[:2] == ours[:2]
    assert {"sparsity", "wackiness"} <= theirs[1][0].keys()


@pytest.mark.parametrize("form", ["jsonl", "csr"])
def test_without_a_vocabulary_wackiness_is_undefined_and_all_else_is_there(
    form: str, splade: Path, run, capsys
) -> None:
    assert run(f"{form}-latent", exported(splade, form)) == 0
    ours, theirs = computed(splade, "ours"), computed(splade, f"{form}-latent")
    assert theirs[1][0]["sparsity"]["l0_document"] == ours[1][0]["sparsity"]["l0_document"]
    assert "undefined: latent dimensions" in str(theirs[2][0])
    assert [record.measures for record in theirs[2]] == [record.measures for record in ours[2]]
