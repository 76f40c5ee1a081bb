"""Everything in the box keeps the contract that third parties are held to (`sparsebench.testing`)."""

from __future__ import annotations

import json
from functools import cache, partial
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np
import pytest

import sparsebench_plugins.analyzers
import sparsebench_plugins.collections
import sparsebench_plugins.models
import sparsebench_plugins.postprocessors
from clips import write_blip_checkpoint, write_clip_checkpoint, write_sparse_images
from sparsebench.registry import Registry
from sparsebench.testing import Check, model_checks, postprocessor_checks
from sparsebench.testing.plugin import examine
from sparsebench.testing.texts import DOCUMENTS, QUERIES
from sparsebench_plugins.postprocessors.sinkhorn import SinkhornSingleQuery
from st_folders import pooled, save, transformer
from video_sets import write_sets

MODELS: dict[str, dict[str, Any]] = {
    "blip": {"checkpoint": Path("blip"), "frames": 3, "matched": 2},
    "bm25": {},
    "clip4clip": {"checkpoint": Path("clip"), "words": 20, "frames": 3},
    "drl": {"checkpoint": Path("clip"), "words": 20, "frames": 3},
    "rm3": {},
    "run_file": {"path": Path("run.trec")},
    "score_matrix": {"matrix": Path("m.npy"), "query_ids": Path("queries.txt"), "document_ids": Path("documents.txt")},
    "sparse_encoder": {"checkpoint": "package:cognition/model"},
    "sparse_images": {"checkpoint": Path("sparse_images")},
    "sparse_vectors": {"documents": Path("documents.jsonl"), "queries": Path("queries.jsonl")},
    "splade": {"checkpoint": "package:cognition/model"},
    "splade_doc": {"checkpoint": "package:cognition/model", "query_weights": "idf"},
    "xclip": {"checkpoint": Path("clip"), "words": 20, "frames": 3},
}
"""Parameters to check each model with; paths are files of `sample_files`."""

VIDEO = {name for name, given in MODELS.items() if isinstance(given.get("checkpoint"), Path)}

REGISTERED = {plugin.name: plugin.factory for plugin in sparsebench_plugins.models.register_models()}


@pytest.fixture(scope="session")
def sample_files(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A run and a matrix over the kit's own queries and documents, and tiny checkpoints of CLIP and BLIP."""
    folder = tmp_path_factory.mktemp("sample")
    write_clip_checkpoint(folder / "clip")
    write_blip_checkpoint(folder / "blip")
    write_sparse_images(folder / "sparse_images")
    (folder / "run.trec").write_text("q0 Q0 d0 1 3.0 x\nq0 Q0 elsewhere 2 2.5 x\nq1 Q0 d2 1 -1.0 x\n")
    (folder / "queries.txt").write_text("".join(f"{query.query_id}\n" for query in QUERIES))
    (folder / "documents.txt").write_text("".join(f"{document.doc_id}\n" for document in DOCUMENTS))
    named = {"queries": [query.query_id for query in QUERIES], "documents": [each.doc_id for each in DOCUMENTS]}
    for name, ids in named.items():
        entries = ({"id": id_, "vector": {"a": 1.0 + at, f"t{at % 3}": 2.0}} for at, id_ in enumerate(ids))
        (folder / f"{name}.jsonl").write_text("".join(json.dumps(entry) + "\n" for entry in entries))
    np.save(folder / "m.npy", np.random.default_rng(0).normal(size=(len(QUERIES), len(DOCUMENTS))))
    return folder


@pytest.fixture(scope="session")
def saved_encoder(sample_files: Path, tiny_splade_dir: Path) -> Path:
    """The tiny SPLADE as sentence-transformers saves it."""
    return save(sample_files / "sparse_encoder", transformer(tiny_splade_dir), pooled())


@cache
def checks_of(model: str, folder: Path = Path()) -> dict[str, Check]:
    parameters = {name: folder / value if isinstance(value, Path) else value for name, value in MODELS[model].items()}
    if model in VIDEO:
        parameters["checkpoint"] = str(parameters["checkpoint"])
    if model == "sparse_encoder" and folder != Path():  # the package's folder is plain, which it refuses
        parameters["checkpoint"] = str(folder / model)
    return {str(check): check for check in model_checks(partial(REGISTERED[model], **parameters))}


@pytest.mark.parametrize(("model", "check"), [(model, check) for model in MODELS for check in checks_of(model)])
def test_a_model_keeps_the_contract(model: str, check: str, sample_files: Path, request: pytest.FixtureRequest) -> None:
    if "checkpoint" in MODELS[model] and model not in VIDEO:
        request.getfixturevalue("tiny_splade_dir")
    if model == "sparse_encoder":
        request.getfixturevalue("saved_encoder")
    checks_of(model, sample_files)[check]()


def test_every_model_is_checked() -> None:
    assert MODELS.keys() == REGISTERED.keys(), "name parameters in MODELS for a model that is new"


SETS = TemporaryDirectory()
EXAMINED = examine(
    Registry.of(sparsebench_plugins.postprocessors, sparsebench_plugins.analyzers, sparsebench_plugins.collections),
    given={name: {"folder": str(folder)} for name, folder in write_sets(Path(SETS.name)).items()},
)


@pytest.mark.parametrize("check", [check for each in EXAMINED for check in each.checks], ids=str)
def test_a_postprocessor_analyzer_or_collection_keeps_the_contract(check: Check) -> None:
    check()


@pytest.mark.parametrize("check", postprocessor_checks(lambda: SinkhornSingleQuery(tau=0.5, mode="append")), ids=str)
def test_the_exact_single_query_form_keeps_the_contract(check: Check) -> None:
    check()
