"""The hub as it answers, and as it does not: a small server on this machine stands for it."""

from __future__ import annotations

import subprocess
import sys

import pytest

from sparsebench.checkpoints import Files, Location, hub
from sparsebench.errors import ModelError
from sparsebench_plugins.models.splade import Splade
from tiny_hub import COMMIT, REPOSITORY, tiny_hub

FILES = {"config.json": b"{}", "model.safetensors": b"weights", "pytorch_model.bin": b"pickle", "modeling.py": b"code"}


@pytest.fixture
def at(tmp_path, monkeypatch):
    """Point this process and its children at an address, with an empty cache."""

    def point(address):
        monkeypatch.setattr("huggingface_hub.constants.ENDPOINT", address)
        monkeypatch.setattr("huggingface_hub.constants.HF_HUB_OFFLINE", False)
        monkeypatch.setattr("huggingface_hub.constants.HF_HOME", str(tmp_path))
        monkeypatch.setattr("huggingface_hub.constants.HF_HUB_CACHE", str(tmp_path / "hub"))
        monkeypatch.setenv("HF_ENDPOINT", address)
        monkeypatch.setenv("HF_HOME", str(tmp_path))
        monkeypatch.setenv("HF_HUB_OFFLINE", "0")
        monkeypatch.setenv("HF_HUB_DISABLE_PROGRESS_BARS", "1")
        return tmp_path / "hub"

    return point


def of_cache(cache):
    folder = cache / f"models--{REPOSITORY.replace('/', '--')}" / "snapshots" / COMMIT
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


@pytest.mark.parametrize(
    ("files", "names"),
    [
        (Files(), {"config.json", "model.safetensors"}),
        (Files(bin=True), {"config.json", "model.safetensors", "pytorch_model.bin"}),
        (Files(code=True), {"config.json", "model.safetensors", "modeling.py"}),
        (Files(code=True, weights=False), {"config.json", "modeling.py"}),
    ],
)
def test_pickles_and_code_are_downloaded_only_when_they_may_be_read(files, names, at):
    with tiny_hub(FILES) as (address, _):
        cache = at(address)
        hub.download(REPOSITORY, COMMIT, files)
    assert of_cache(cache) == {name: FILES[name] for name in names}


def test_the_model_s_parameters_say_what_is_downloaded():
    for options, files in (
        ({}, Files()),
        ({"allow_bin": True}, Files(bin=True)),
        ({"trust_remote_code": True}, Files(code=True)),
    ):
        assert Splade(checkpoint=REPOSITORY, revision=COMMIT, **options).files == files


@pytest.mark.parametrize(
    ("error", "said"),
    [
        ((403, "GatedRepo"), r"is gated: accept its licence at https://huggingface\.co/acme/splade-tiny, .*HF_TOKEN"),
        ((404, "RepoNotFound"), r"no such repository at https://huggingface\.co/acme/splade-tiny; .*private"),
        ((404, "RevisionNotFound"), f"has no commit {COMMIT}"),
        ((503, ""), "could not be downloaded: .*503"),
    ],
)
def test_what_the_hub_refuses_is_said_with_what_to_do(error, said, at):
    with tiny_hub(FILES, error=error) as (address, _):
        at(address)
        with pytest.raises(ModelError, match=said):
            hub.download(REPOSITORY, COMMIT, Files())


def test_a_page_to_log_in_is_told_from_the_hub(at):
    with tiny_hub(FILES, body="<html>log in</html>") as (address, _):
        at(address)
        with pytest.raises(ModelError, match=r"answered with something else than JSON.*wants a log-in first"):
            hub.download(REPOSITORY, COMMIT, Files())


def test_a_hub_that_says_nothing_is_given_up_within_the_time_stated(at, monkeypatch):
    monkeypatch.setattr(hub, "ANSWER_SECONDS", 0.3)
    with tiny_hub(FILES, silent="GET") as (address, asked):
        at(address)
        with pytest.raises(ModelError, match=rf"{address} did not answer within 0\.3 s"):
            hub.download(REPOSITORY, COMMIT, Files())
        assert len(asked) == 1, "it is asked once"


@pytest.mark.parametrize("silent", ["/tree/", "HEAD", "/resolve/"])
def test_a_hub_that_falls_silent_is_given_up_and_what_came_is_kept(silent, at, monkeypatch):
    """huggingface_hub itself tries again for four minutes."""
    monkeypatch.setattr(hub, "SILENT_SECONDS", 1)
    with tiny_hub(FILES, silent=silent) as (address, _):
        at(address)
        with pytest.raises(ModelError, match=r"nothing came for 1 s, and the hub was given up\. What came is kept"):
            hub.download(REPOSITORY, COMMIT, Files())


def test_weights_that_are_a_pickle_alone_are_refused_before_they_are_downloaded(at):
    with tiny_hub({"config.json": b"{}", "pytorch_model.bin": b"pickle"}) as (address, asked):
        at(address)
        with pytest.raises(ModelError, match=r"only as pytorch_model\.bin, .*`allow_bin: true`.*SFconvertbot"):
            hub.download(REPOSITORY, COMMIT, Files())
        assert not [line for line in asked if "/resolve/" in line]


def test_offline_nothing_is_asked_of_the_network(at, monkeypatch):
    at("http://127.0.0.1:9")
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_OFFLINE", True)
    with pytest.raises(ModelError, match=r"could not be downloaded: .*HF_HUB_OFFLINE"):
        hub.download(REPOSITORY, COMMIT, Files())


@pytest.fixture
def tiny(tiny_splade_dir):
    """The files of a checkpoint, by name."""
    kept = (path for path in tiny_splade_dir.iterdir() if path.suffix in (".json", ".safetensors"))
    return {path.name: path.read_bytes() for path in kept}


def test_a_whole_checkpoint_is_not_asked_for_again(tiny, at):
    splade = Splade(checkpoint=REPOSITORY, revision=COMMIT)
    with tiny_hub(tiny) as (address, asked):
        at(address)
        splade.fetch()
        before = len(asked)
        splade.fetch()
        assert len(asked) == before


def test_a_snapshot_cut_short_is_missing_and_fetch_completes_it(tiny, at):
    """Once the folder alone was taken for the checkpoint, and `fetch` said that everything was at hand."""
    splade = Splade(checkpoint=REPOSITORY, revision=COMMIT)
    with tiny_hub(tiny) as (address, _):
        folder = at(address) / f"models--{REPOSITORY.replace('/', '--')}" / "snapshots" / COMMIT
        folder.mkdir(parents=True)
        (folder / "config.json").write_bytes(tiny["config.json"])
        (line,) = splade.missing()
        assert f"'{REPOSITORY}' is in the cache of the Hugging Face hub only in part" in line
        assert "has no model.safetensors" in line
        assert "`sparsebench fetch` completes it" in line
        with pytest.raises(ModelError, match="only in part"):
            splade.identity("document")
        splade.fetch()
    assert splade.missing() == []


def test_a_file_that_vanished_from_the_cache_is_downloaded_again(tiny, at):
    splade = Splade(checkpoint=REPOSITORY, revision=COMMIT)
    with tiny_hub(tiny) as (address, _):
        cache = at(address)
        splade.fetch()
        weights = next(cache.rglob("model.safetensors"))
        weights.resolve().unlink()
        weights.unlink()
        assert "`sparsebench fetch`" in splade.missing()[0]
        splade.fetch()
    assert splade.missing() == []


def test_what_the_repository_itself_lacks_no_download_brings(tiny, at):
    with tiny_hub({name: data for name, data in tiny.items() if name != "tokenizer.json"}) as (address, _):
        at(address)
        with pytest.raises(ModelError, match=r"has no tokenizer; .*The repository lacks it, so no download brings it"):
            Splade(checkpoint=REPOSITORY, revision=COMMIT).fetch()


def test_a_file_cut_short_in_the_cache_is_downloaded_again(tiny, at):
    splade = Splade(checkpoint=REPOSITORY, revision=COMMIT)
    with tiny_hub(tiny) as (address, _):
        cache = at(address)
        splade.fetch()
        blob = next(path for path in cache.rglob("model.safetensors")).resolve()
        blob.write_bytes(blob.read_bytes()[:1000])
        assert "is cut short: 1000 bytes" in splade.missing()[0]
        splade.fetch()
    assert splade.missing() == []


def test_code_of_another_repository_is_fetched_at_its_commit(tiny, at, tmp_path):
    folder = tmp_path / "folder"
    folder.mkdir()
    for name, data in tiny.items():
        (folder / name).write_bytes(data)
    config = (folder / "config.json").read_text().rstrip().removesuffix("}")
    (folder / "config.json").write_text(
        f'{config}, "auto_map": {{"AutoModelForMaskedLM": "{REPOSITORY}--modeling.Mine"}}}}'
    )
    splade = Splade(checkpoint=str(folder), trust_remote_code=True, code_revision=COMMIT)
    with tiny_hub({"modeling.py": b"class Mine: ..."}) as (address, _):
        at(address)
        assert "acme/splade-tiny@0123456789ab is not in the cache" in splade.missing()[0]
        splade.fetch()
        assert splade.missing() == []


def test_a_transfer_needs_nothing_of_this_project(tmp_path):
    """It runs by its path, so that the folder around it shadows no package."""
    from sparsebench.checkpoints import transfer

    command = [sys.executable, "-P", transfer.__file__, '{"repo_id": "not/an/id"}']
    ended = subprocess.run(command, capture_output=True, text=True, cwd=tmp_path)
    assert ended.returncode == 1
    assert "HFValidationError" in ended.stdout


def test_a_location_names_the_repository_without_its_folder():
    assert Location(f"{REPOSITORY}/a/b", COMMIT).repository == REPOSITORY
