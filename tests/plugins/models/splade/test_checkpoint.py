from __future__ import annotations

import json
import os
import pickle
from pathlib import Path

import pytest
import torch
from safetensors.torch import load_file, save_file

from sparsebench.checkpoints import Location
from sparsebench.errors import ModelError
from sparsebench_plugins.models.splade import Splade
from sparsebench_plugins.models.splade.checkpoint import open_checkpoint
from sparsebench_plugins.models.splade.code import Trust

COMMIT = "0123456789abcdef0123456789abcdef01234567"


def open_folder(folder, *, allow_bin=False, trust_remote_code=False):
    trust = Trust(remote_code=trust_remote_code)
    return open_checkpoint(Location(str(folder), None), "document", allow_bin=allow_bin, trust=trust)


def as_bin(folder):
    """Only the pickle, as old checkpoints have it."""
    torch.save(load_file(folder / "model.safetensors"), folder / "pytorch_model.bin")
    (folder / "model.safetensors").unlink()
    return folder


def as_shards(folder):
    weights = load_file(folder / "model.safetensors")
    (folder / "model.safetensors").unlink()
    names = sorted(weights)
    shards = {"model-00001-of-00002.safetensors": names[::2], "model-00002-of-00002.safetensors": names[1::2]}
    for shard, keys in shards.items():
        save_file({key: weights[key] for key in keys}, folder / shard, metadata={"format": "pt"})
    index = {"metadata": {}, "weight_map": {key: shard for shard, keys in shards.items() for key in keys}}
    (folder / "model.safetensors.index.json").write_text(json.dumps(index))
    return folder


def encode(folder, **parameters):
    return Splade(checkpoint=str(folder), **parameters).load("cpu").encode(["the cat sat"], "document").vectors


def test_weights_config_and_tokenizer_are_what_is_digested(make_checkpoint):
    assert set(open_folder(make_checkpoint()).digests()) == {
        "config.json",
        "model.safetensors",
        "tokenizer.json",
        "tokenizer_config.json",
    }


def test_a_changed_byte_changes_the_digest(make_checkpoint):
    folder = make_checkpoint()
    before = open_folder(folder).digests()["model.safetensors"]
    data = bytearray((folder / "model.safetensors").read_bytes())
    data[-1] ^= 1
    (folder / "model.safetensors").write_bytes(data)
    os.utime(folder / "model.safetensors", ns=(1, 1))
    assert open_folder(folder).digests()["model.safetensors"] != before


def test_a_pickle_is_refused_unless_it_is_allowed_and_then_gives_the_same_vectors(make_checkpoint):
    expected = encode(make_checkpoint())
    folder = as_bin(make_checkpoint())
    with pytest.raises(ModelError, match=r"only as pytorch_model\.bin, .*`allow_bin: true`"):
        encode(folder)
    assert abs(encode(folder, allow_bin=True) - expected).max() == 0


class Payload:
    def __init__(self, target):
        self.target = target

    def __reduce__(self):
        return Path.touch, (self.target,)


def test_a_pickle_that_would_run_code_is_refused_and_runs_none(make_checkpoint, tmp_path):
    folder, target = make_checkpoint(), tmp_path / "ran"
    (folder / "model.safetensors").unlink()
    with (folder / "pytorch_model.bin").open("wb") as file:
        pickle.dump({"weight": Payload(target)}, file, protocol=2)
    with pytest.raises(ModelError, match="does not load as a masked language model"):
        encode(folder, allow_bin=True)
    torch.save({"weight": Payload(target)}, folder / "pytorch_model.bin")
    with pytest.raises(ModelError, match="does not load as a masked language model"):
        encode(folder, allow_bin=True)
    assert not target.exists()


def test_safetensors_are_read_where_both_are_there(make_checkpoint):
    folder = make_checkpoint()
    (folder / "pytorch_model.bin").write_bytes(b"not even a pickle")
    assert encode(folder, allow_bin=True).nnz > 0
    assert "pytorch_model.bin" not in open_folder(folder, allow_bin=True).digests()


def test_shards_are_one_checkpoint(make_checkpoint):
    expected = encode(make_checkpoint())
    folder = as_shards(make_checkpoint())
    assert abs(encode(folder) - expected).max() == 0
    assert "model-00002-of-00002.safetensors" in open_folder(folder).digests()


def in_two_folders(folder):
    """Both shards are called w.safetensors."""
    weights = load_file(folder / "model.safetensors")
    (folder / "model.safetensors").unlink()
    names = sorted(weights)
    shards = {"a/w.safetensors": names[::2], "b/w.safetensors": names[1::2]}
    for shard, keys in shards.items():
        (folder / shard).parent.mkdir()
        save_file({key: weights[key] for key in keys}, folder / shard, metadata={"format": "pt"})
    index = {"metadata": {}, "weight_map": {key: shard for shard, keys in shards.items() for key in keys}}
    (folder / "model.safetensors.index.json").write_text(json.dumps(index))
    return folder


@pytest.mark.parametrize("shard", ["a/w.safetensors", "b/w.safetensors"])
def test_shards_of_one_name_in_two_folders_have_a_digest_each(make_checkpoint, shard):
    folder = in_two_folders(make_checkpoint())
    before = open_folder(folder).digests()
    weights = {name: 1.7 * weight for name, weight in load_file(folder / shard).items()}
    save_file(weights, folder / shard, metadata={"format": "pt"})
    os.utime(folder / shard, ns=(1, 1))
    after = open_folder(folder).digests()
    assert {name for name in before if before[name] != after[name]} == {shard}


def test_a_shard_outside_the_checkpoint_is_refused(make_checkpoint):
    folder = in_two_folders(make_checkpoint())
    index = folder / "model.safetensors.index.json"
    index.write_text(index.read_text().replace("a/w.", "../w."))
    with pytest.raises(ModelError, match=r"names files outside its folder: .*w\.safetensors"):
        open_folder(folder)


def test_a_missing_shard_is_named(make_checkpoint):
    folder = as_shards(make_checkpoint())
    (folder / "model-00002-of-00002.safetensors").unlink()
    with pytest.raises(ModelError, match=r"not there: model-00002-of-00002\.safetensors"):
        open_folder(folder)


@pytest.mark.parametrize("left", [4, 100, 0.5, -1])
def test_a_truncated_weight_file_is_an_error(left, make_checkpoint):
    folder = make_checkpoint()
    data = (folder / "model.safetensors").read_bytes()
    (folder / "model.safetensors").write_bytes(data[: int(left * len(data)) if isinstance(left, float) else left])
    with pytest.raises(ModelError, match=r"model\.safetensors (is cut short: \d+ bytes|: is no safetensors)"):
        encode(folder)


def test_an_index_of_shards_without_a_map_is_named(make_checkpoint):
    folder = as_shards(make_checkpoint())
    (folder / "model.safetensors.index.json").write_text("{}")
    with pytest.raises(ModelError, match="has no weight_map"):
        open_folder(folder)


def test_more_layers_than_tensors_are_refused_before_they_are_made(make_checkpoint):
    folder = make_checkpoint()
    config = json.loads((folder / "config.json").read_text())
    (folder / "config.json").write_text(json.dumps({**config, "num_hidden_layers": 10**6}))
    with pytest.raises(ModelError, match=r"num_hidden_layers is 1000000, and the weights hold \d+ tensors"):
        open_folder(folder)


@pytest.mark.parametrize("value", ["[1]", "3", "null"])
def test_a_config_that_is_no_object_is_named(value, make_checkpoint):
    folder = make_checkpoint()
    (folder / "config.json").write_text(value)
    with pytest.raises(ModelError, match=r"config\.json: holds a \w+, not an object"):
        open_folder(folder)


def test_quantised_weights_are_refused_with_the_way_on(make_checkpoint):
    folder = make_checkpoint()
    config = json.loads((folder / "config.json").read_text())
    (folder / "config.json").write_text(json.dumps({**config, "quantization_config": {"quant_method": "gptq"}}))
    with pytest.raises(ModelError, match="quantised weights; save the checkpoint dequantised"):
        open_folder(folder)


@pytest.mark.parametrize("weights", [True, False])
def test_an_adapter_is_refused_with_the_way_on(weights, make_checkpoint):
    folder = make_checkpoint()
    (folder / "adapter_config.json").write_text("{}")
    if not weights:
        (folder / "model.safetensors").unlink()
    with pytest.raises(ModelError, match=r"LoRA adapter; merge it into its base model.*`sparse_encoder`"):
        open_folder(folder)


def test_allow_bin_is_suggested_only_where_a_bin_is_there(make_checkpoint):
    folder = make_checkpoint()
    (folder / "model.safetensors").unlink()
    with pytest.raises(ModelError) as error:
        open_folder(folder)
    assert "allow_bin" not in str(error.value)


def test_an_architecture_that_transformers_does_not_know_is_an_error(make_checkpoint):
    folder = make_checkpoint()
    (folder / "config.json").write_text('{"model_type": "no_such_model"}')
    with pytest.raises(ModelError, match="no_such_model"):
        encode(folder)


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("config.json", "has no config.json"),
        ("model.safetensors", "has no model.safetensors; there is: config.json, "),
        ("tokenizer.json", "has no tokenizer"),
    ],
)
def test_what_a_folder_lacks_is_named(name, said, make_checkpoint):
    folder = make_checkpoint()
    (folder / name).unlink()
    with pytest.raises(ModelError, match=said):
        open_folder(folder)


def test_a_malformed_config_is_named(make_checkpoint):
    folder = make_checkpoint()
    (folder / "config.json").write_text("{")
    with pytest.raises(ModelError, match=r"config\.json: not JSON"):
        open_folder(folder)


def with_code(folder, code):
    config = json.loads((folder / "config.json").read_text())
    config["auto_map"] = {"AutoModelForMaskedLM": code}
    (folder / "config.json").write_text(json.dumps(config))
    return folder


def test_code_that_a_checkpoint_brings_is_refused_without_the_flag(make_checkpoint):
    folder = with_code(make_checkpoint(), "modeling.Model")
    with pytest.raises(ModelError, match=r"its own code \(AutoModelForMaskedLM\).*`trust_remote_code: true`"):
        open_folder(folder)


def test_trusted_code_runs_and_is_digested(make_checkpoint):
    expected = encode(make_checkpoint())
    folder = with_code(make_checkpoint(), "modeling_ours.Ours")
    (folder / "modeling_ours.py").write_text(
        "from transformers import BertForMaskedLM\nclass Ours(BertForMaskedLM):\n    pass\n"
    )
    assert "modeling_ours.py" in open_folder(folder, trust_remote_code=True).digests()
    splade = Splade(checkpoint=str(folder), trust_remote_code=True).load("cpu")
    assert splade.provenance()["document"]["architecture"] == "Ours"
    assert abs(splade.encode(["the cat sat"], "document").vectors - expected).max() == 0


def test_code_of_another_repository_needs_a_pinned_commit(make_checkpoint):
    folder = with_code(make_checkpoint(), "someone/else--modeling.Model")
    with pytest.raises(ModelError, match=r"someone/else, which no revision pins: `code_revision:` takes the 40 hex"):
        open_folder(folder, trust_remote_code=True)


def test_code_of_another_repository_runs_at_its_pinned_commit(make_checkpoint, tmp_path, monkeypatch):
    expected = encode(make_checkpoint())
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_CACHE", str(tmp_path))
    snapshot = tmp_path / "models--someone--else" / "snapshots" / COMMIT
    snapshot.mkdir(parents=True)
    (snapshot / "modeling_elsewhere.py").write_text(
        "from transformers import BertForMaskedLM\nclass Elsewhere(BertForMaskedLM):\n    pass\n"
    )
    folder = with_code(make_checkpoint(), "someone/else--modeling_elsewhere.Elsewhere")
    how = {"trust_remote_code": True, "code_revision": COMMIT}
    splade = Splade(checkpoint=str(folder), **how)
    assert "someone/else/modeling_elsewhere.py" in splade.identity("document")["files"]
    assert splade.load("cpu").provenance()["document"]["architecture"] == "Elsewhere"
    assert abs(encode(folder, **how) - expected).max() == 0


def test_a_kernel_that_a_checkpoint_names_is_never_fetched(make_checkpoint):
    """transformers would download and run it."""
    folder = make_checkpoint()
    expected = encode(folder)
    config = json.loads((folder / "config.json").read_text())
    (folder / "config.json").write_text(json.dumps({**config, "attn_implementation": "evil/kernel"}))
    splade = Splade(checkpoint=str(folder)).load("cpu")
    assert splade.provenance()["document"]["attention"] == "sdpa"
    assert abs(encode(folder) - expected).max() == 0
