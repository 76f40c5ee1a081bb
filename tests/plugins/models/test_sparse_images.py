"""Sparse models whose documents are images: the same vectors as sentence-transformers gives, or a clear refusal."""

from __future__ import annotations

import importlib.util
import shutil
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import sparsebench_plugins.models
import toys
from clips import write_clips, write_sparse_images
from pictures import write_pictures
from sparsebench import ModelError
from sparsebench.media import chosen_frames, open_media
from sparsebench.planning.session import open_session
from sparsebench.progress import Silent
from sparsebench.runner import Runner
from sparsebench.store import Store
from sparsebench_plugins.models.sparse_images import SparseImages

pytest.importorskip("sentence_transformers", reason="the extra [multimodal] is not installed")


@pytest.fixture(scope="module")
def checkpoint(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_sparse_images(tmp_path_factory.mktemp("multimodal") / "model")


@pytest.fixture(scope="module")
def library(checkpoint: Path) -> Any:
    from sentence_transformers import SparseEncoder

    return SparseEncoder(str(checkpoint), device="cpu")


def test_images_get_the_vectors_that_sentence_transformers_gives_them(
    checkpoint: Path, library: Any, tmp_path: Path
) -> None:
    from PIL import Image

    media = open_media(write_pictures(tmp_path / "pictures"))
    items = [media.item(name) for name in ("red", "gold", "white")]
    found = SparseImages(checkpoint=str(checkpoint)).load("cpu").encode_items(items).vectors
    expected = library.encode_document([Image.open(item.path).convert("RGB") for item in items]).to_dense().numpy()
    np.testing.assert_allclose(found.toarray(), expected, rtol=0, atol=1e-5)


def test_a_video_has_the_largest_weights_of_its_frames(checkpoint: Path, library: Any, tmp_path: Path) -> None:
    from PIL import Image

    item = open_media(write_clips(tmp_path / "clips")).item("red")  # 10 frames
    found = SparseImages(checkpoint=str(checkpoint), frames=2).load("cpu").encode_items([item]).vectors
    images = [Image.fromarray(image) for image in chosen_frames(item, lambda timeline: [2, 7])]
    expected = library.encode_document(images).to_dense().numpy().max(axis=0, keepdims=True)
    np.testing.assert_allclose(found.toarray(), expected, rtol=0, atol=1e-5)


def test_a_suite_of_pictures_is_ranked_through_the_same_door(checkpoint: Path, library: Any, tmp_path: Path) -> None:
    write_pictures(tmp_path / "pictures")
    suite = tmp_path / "suite.yaml"
    suite.write_text(f"""
name: pictures
measures: [Success@1, MnR]
depth: 10
collections:
  - {{id: video/csv, folder: pictures, media: pictures, name: t2v}}
models: [{{name: sparse_images, checkpoint: {checkpoint}}}]
""")
    session = open_session(
        suite=str(suite),
        overrides=(),
        only=(),
        limit_queries=None,
        device="cpu",
        search_device="cpu",
        offline=True,
        store=tmp_path / "store",
        runs=tmp_path / "runs",
        plugin_switches=(),
    )
    (record,) = Runner(session.store, session.runs, Silent()).run(session.plan).records
    assert record.error is None
    assert len(list((tmp_path / "store" / "vectors").iterdir())) == 2
    assert record.measures["MnR"] >= 1


def test_a_repainted_picture_is_encoded_again(checkpoint: Path, tmp_path: Path) -> None:
    from PIL import Image

    from sparsebench.media import place

    folder = write_pictures(tmp_path / "pictures")
    path = tmp_path / "suite.yaml"
    path.write_text(
        "name: p\nmeasures: [Success@1]\ndepth: 10\n"
        "collections: [{id: video/csv, folder: pictures, media: pictures}]\n"
        f"models: [{{name: sparse_images, checkpoint: {checkpoint}}}]\n"
    )
    registry, store = toys.registry(sparsebench_plugins.models), Store(tmp_path / "store")
    (before,) = toys.plan_suite(path, store, registry).groups
    Image.fromarray(np.full((8, 8, 3), 7, dtype=np.uint8)).save(folder / "red.png")
    place._index.cache_clear()
    (after,) = toys.plan_suite(path, store, registry).groups
    assert before.vector_identity("document") != after.vector_identity("document")
    assert before.vector_identity("query") == after.vector_identity("query")


def test_without_the_library_the_extra_is_named(checkpoint: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    found = importlib.util.find_spec
    monkeypatch.setattr(
        importlib.util, "find_spec", lambda name, *more: None if name == "sentence_transformers" else found(name, *more)
    )
    model = SparseImages(checkpoint=str(checkpoint))
    assert "pip install 'sparsebench[multimodal]'" in model.missing()[0]
    with pytest.raises(ModelError, match=r"sparsebench\[multimodal\]"):
        model.identity("query")


def test_a_folder_that_could_run_code_is_refused(checkpoint: Path, tmp_path: Path) -> None:
    shutil.copytree(checkpoint, tmp_path / "model")
    (tmp_path / "model" / "modeling.py").write_text("1 / 0")
    with pytest.raises(ModelError, match=r"modeling\.py, which can run code"):
        SparseImages(checkpoint=str(tmp_path / "model")).identity("query")


def test_a_model_of_texts_alone_is_refused_with_the_door_it_belongs_to(tmp_path: Path) -> None:
    with pytest.raises(ModelError, match="a sparse model of texts alone is loaded by `splade`"):
        SparseImages(checkpoint=str(tmp_path)).identity("query")


def test_a_tensor_that_is_not_finite_is_refused_by_name(checkpoint: Path, tmp_path: Path) -> None:
    from safetensors.torch import load_file, save_file

    folder = Path(shutil.copytree(checkpoint, tmp_path / "spoiled"))
    file = max(folder.rglob("*.safetensors"), key=lambda path: path.stat().st_size)
    weights = load_file(file)
    name = next(name for name, tensor in weights.items() if tensor.is_floating_point())
    weights[name].view(-1)[-1] = float("inf")
    save_file(weights, file, {"format": "pt"})
    with pytest.raises(ModelError, match=r"the tensor '[^']+' holds a number that is not finite"):
        SparseImages(checkpoint=str(folder)).load("cpu")


def test_features_of_frames_are_refused(checkpoint: Path, tmp_path: Path) -> None:
    np.savez(tmp_path / "f.npz", frames=np.ones((1, 2, 4)), mask=np.ones((1, 2)), ids=np.array(["a"]))
    item = open_media(tmp_path / "f.npz").item("a")
    with pytest.raises(ModelError, match="looks at images, not at features of frames"):
        SparseImages(checkpoint=str(checkpoint)).load("cpu").encode_items([item])
